"""Files of `kerastl export` as they come: what they say of themselves, checked before a runtime sees any of it."""
