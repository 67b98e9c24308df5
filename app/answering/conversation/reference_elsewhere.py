"""Whether a question in German, French or Spanish refers back to the one before it."""

import re

# Small letters only: "Sie" is the reader, "ER" and "Ella" are names.
_THIS = re.compile(
    r"\bdiese[mnrs]?\b(?! (?:Jahr|Monat|Woche|Dokument|Datei|Text))"
    r"|\b(?:cette|cet) (?!année|semaine|document|fichier|texte)"
)
_PRONOUN = re.compile(
    r"\b(?:er|ihn|ihm|dort|davon|damit|dafür|darüber|dazu|daran|darin|ihre[mnrs]?|seine[mnrs]?"
    r"|sein (?=\w)|(?<!gibt )(?<!gab )(?<!dass )es(?!,| (?:erlaubt|möglich|verboten|nötig)))\b"
    r"|\b(?:sie|ihr|ihnen)\b"
    r"|(?<!a-t-)(?<!faut-)(?<!est-)(?<!agit-)\b(?:ils?|elles?|lui|cela|ça|là-bas|leurs?"
    r"|(?:est|sont|de|dans|avec|sur|pour) (?:son|sa|ses))\b"
    r"|\b(?:él|ella|ellos|ellas|eso|allí)\b"
)
_NOUN = re.compile(
    r"\s[A-ZÄÖÜÉ]\w+.*[\s-]"
    r"|\b(?i:der|die|das|den|dem|des|ein|eine|einen|einem|einer|mein\w*|le|la|les|un|une|du|des|mon|ma"
    r"|el|los|las|una) \w{2,}.*[\s-]|\bl['’]\w{2,}.*[\s-]"
)


def has_open_pronoun(question: str) -> bool:
    """Whether `question` has a pronoun before which no noun stands that it could mean."""
    if _THIS.search(question):
        return True
    found = _PRONOUN.search(question)
    return found is not None and not _NOUN.search(question[: found.start() + 1])
