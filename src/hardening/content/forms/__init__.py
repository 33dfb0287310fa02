"""The forms of content files, declared once: what may stand where. What names mean is looked at elsewhere."""
