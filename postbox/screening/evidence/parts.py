"""Word lists that patterns share: ``<NAME>`` in a pattern, a name in capitals in an entry's needed words.

Decides wording only.
"""

from __future__ import annotations

from typing import Final

PARTS: Final[dict[str, str]] = {
    "GAP": "[^.!?]{0,40}?",
    "WIDE": "[^!?]{0,90}?",
    "ORDERS": "(?:instructions?|directions|directives?|commands?|guidelines?|prompts?|programming|assignments?"
        r"|constraints|restrictions|protocols?|safeguards|context|training|tasks|rules|orders)\b",
    "PRIOR": "(?:previous|previously|prior|above|earlier|preceding|past|former|original|initial|existing"
        r"|foregoing|given|all|any|your|every|system|other|current|old|these|those|last)\b",
    "ANSWER": "(?:response|answer|reply|output|summary|replies|responses|answers|outputs|generated text"
        r"|completion)s?\b",
    "AI": r"(?:a\.?i\.?|llms?|language models?|large language models?|assistants?|chat ?bots?|bots?|chatgpt"
        r"|gpt|gpt-?\d\w*|claude|copilot|gemini|virtual assistant|agents?|ai models?|neural network)\b",
    "DATA": "(?:e-?mails?|inbox|mail ?box|messages|passwords?|credentials?|contacts?|api keys?|keys|secrets?"
        "|tokens?|files|documents|calendar|conversations?|chat history|personal (?:data|information)"
        r"|confidential|sensitive|private|invoices?|attachments|codes?|transactions|addresses)\b",
    "ADDRESS": r"['\"‘“<(]?(?:[\w.+-]{1,40}@[\w-]{1,40}\.|https?:|www\.)",
}  # fmt: skip

NEEDS: Final[dict[str, str]] = {
    "ANSWER": "response answer reply output summary replies responses answers outputs text completion",
    "AI": "ai a.i i llm llms model models assistant assistants chatbot chatbots bot bots chatgpt gpt gpt-4"
        " gpt4 claude copilot gemini agent agents interpreter terminal console protector linux network"
        " language",
    "USER": "user users user's",
    "LETTERS": "letter letters word words vowel vowels space spaces typos punctuation symbols characters"
        " anagrams anagram numbers consonants misspellings alphanumeric",
}  # fmt: skip
