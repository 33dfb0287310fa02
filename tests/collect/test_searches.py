"""Searches that questions share: few are sent, and each question gets what it would have got alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.collect.searches import deal_out, merge_searches
from hardening.model.ldap_filter import fits, parse_filter
from hardening.model.step import LdapAnswer, LdapBindStep, LdapEntry, LdapIdentity, LdapScope, LdapStep, NotRun


def ask(name: str, text: str = "(objectClass=user)", *attributes: str, **changes: object) -> LdapStep:
    given_values = {"base": "{default_nc}", "scope": LdapScope.SUBTREE, **changes}
    return LdapStep(name=name, filter=text, attributes=attributes or ("cn",), **given_values)  # type: ignore[arg-type]


def entry(dn: str, **attributes: str) -> LdapEntry:
    return LdapEntry(dn, {name.lower(): (value.encode(),) for name, value in attributes.items()})


def test_questions_over_one_base_and_scope_are_one_search() -> None:
    asks = [ask("a"), ask("b", "(objectClass=group)", "member"), ask("c", "(uid=1)", "CN")]
    (search,) = merge_searches(asks)
    assert (search.step.name, search.step.filter, search.step.attributes) == (
        "a and 2 more",
        "(|(objectClass=group)(objectClass=user)(uid=1))",
        ("cn", "member", "objectClass", "uid"),
    )


def test_questions_with_one_filter_need_no_attributes_of_it() -> None:
    (search,) = merge_searches([ask("a", "(uid=1)", "cn"), ask("b", "(uid=1)", "mail")])
    assert (search.step.filter, search.step.attributes) == ("(uid=1)", ("cn", "mail"))


@pytest.mark.parametrize(
    "other",
    [
        ask("b", base="{config_nc}"),
        ask("b", scope=LdapScope.ONE),
        ask("b", identity=LdapIdentity.ANONYMOUS),
        ask("b", slow=True),
        ask("b", "(memberOf:1.2.840.113556.1.4.1941:=CN=x)"),
        ask("b", "(unicodePwd=*)"),
    ],
)
def test_what_asks_in_another_way_is_another_search(other: LdapStep) -> None:
    assert [search.step.name for search in merge_searches([ask("a"), other])] == ["a", "b"]


def test_questions_with_descriptors_go_with_the_others() -> None:
    (search,) = merge_searches([ask("a"), ask("b", sd_flags=4), ask("c", sd_flags=3)])
    assert search.step.sd_flags == 7


def test_a_question_alone_is_sent_as_it_is() -> None:
    (search,) = merge_searches([ask("a", "(cn~=x)")])
    assert search.step == ask("a", "(cn~=x)")


def test_the_order_of_questions_changes_nothing() -> None:
    asks = [ask(name, f"(uid={name})") for name in "dbac"]
    assert merge_searches(asks) == merge_searches(reversed(asks))


def test_entries_are_dealt_out_by_filter() -> None:
    searches = merge_searches([ask("a", "(uid=1)"), ask("b", "(uid=*)"), ask("c", "(mail=*)")])
    found = (entry("x", uid="1"), entry("y", uid="2"))
    dealt = deal_out(searches, {searches[0].step.name: LdapAnswer(entries=found, milliseconds=5)})
    assert {
        name: [each.dn for each in answer.entries] for name, answer in dealt.items() if isinstance(answer, LdapAnswer)
    } == {
        "a": ["x"],
        "b": ["x", "y"],
        "c": [],
    }


def test_trouble_is_dealt_out_to_every_question() -> None:
    searches = merge_searches([ask("a"), ask("b", "(uid=1)")])
    assert deal_out(searches, {searches[0].step.name: NotRun("gone")}) == {"a": NotRun("gone"), "b": NotRun("gone")}


def test_what_is_missing_is_missing_to_every_question() -> None:
    searches = merge_searches([ask("a", "(uid=1)"), ask("b", "(uid=2)")])
    answer = LdapAnswer(entries=(entry("x", uid="1"),), cut="the server's size limit was reached")
    dealt = deal_out(searches, {searches[0].step.name: answer})
    assert [answer.cut for answer in dealt.values() if isinstance(answer, LdapAnswer)] == [answer.cut] * 2


def test_the_smaller_limit_of_a_question_holds_for_it() -> None:
    searches = merge_searches([ask("a", "(uid=*)", entry_limit=1), ask("b", "(cn=*)")])
    found = tuple(entry(name, uid=name) for name in "xyz")
    dealt = deal_out(searches, {searches[0].step.name: LdapAnswer(entries=found)})
    assert dealt["a"] == LdapAnswer(entries=found[:1], cut="more than 1 entries")


def test_other_answers_stay_as_they_are() -> None:
    step = LdapBindStep(name="bind")
    assert deal_out(merge_searches([ask("a")]), {step.name: LdapAnswer(result=8)}) == {"bind": LdapAnswer(result=8)}


_WORDS = st.sampled_from(["a", "b", "c"])
_FILTERS = st.recursive(
    st.one_of(
        st.builds("({}={})".format, _WORDS, st.sampled_from(["1", "2", "*", "1*"])),
        st.builds("({}:1.2.840.113556.1.4.803:={})".format, _WORDS, st.sampled_from(["1", "2"])),
    ),
    lambda inner: st.one_of(
        st.builds("(!{})".format, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(&{''.join(parts)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(|{''.join(parts)})"),
    ),
    max_leaves=5,
)
_ENTRIES = st.lists(st.dictionaries(_WORDS, st.sampled_from(["1", "2", "12"])), max_size=5)


@given(st.lists(_FILTERS, min_size=2, max_size=4, unique=True), _ENTRIES)
def test_shared_or_alone_a_question_gets_the_same(filters: list[str], values: list[dict[str, str]]) -> None:
    directory = [entry(str(number), **attributes) for number, attributes in enumerate(values)]
    searches = merge_searches(ask(f"{number}", text) for number, text in enumerate(filters))
    (search,) = searches
    sent = parse_filter(search.step.filter)
    answer = LdapAnswer(entries=tuple(each for each in directory if fits(sent, each)))
    dealt = deal_out(searches, {search.step.name: answer})
    for number, text in enumerate(filters):
        alone = tuple(each for each in directory if fits(parse_filter(text), each))
        assert dealt[str(number)] == LdapAnswer(entries=alone)
