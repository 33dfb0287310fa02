"""Which targets there are, how they are reached, and what a site says about them. Resolves no secrets."""
