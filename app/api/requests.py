"""What callers of the HTTP API send."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints

from retriever import DEFAULT_K, FILE_TYPES, Filter, Mode

MAX_INPUTS = 2048  # as at OpenAI
MAX_QUESTION = 200_000
"""Characters; one that is longer is refused before its tokens are counted."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Text = Annotated[str, Field(min_length=1)]
_Texts = Annotated[list[_Text], Field(min_length=1, max_length=MAX_INPUTS)]


class EmbeddingRequest(BaseModel):
    """OpenAI's request, and `input_type` for encoders that tell queries from documents."""

    input: Annotated[_Texts, BeforeValidator(_listed, json_schema_input_type=_Text | _Texts)] = (
        Field(examples=["When does the lease end?"])
    )
    model: str | None = None
    encoding_format: Literal["float", "base64"] = "float"
    input_type: Literal["query", "document"] = "document"
    dimensions: int | None = None


class ContentPart(BaseModel):
    """A part of a message; only text is read."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=MAX_QUESTION)]


class ChatMessage(BaseModel):
    """A message of OpenAI's chat completions; instructions of a system are not followed."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_QUESTION)] | list[ContentPart]

    @property
    def text(self) -> str:
        """Its text, whole."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class ChatRequest(BaseModel):
    """OpenAI's request; what it says of sampling and length is the application's to decide."""

    messages: list[ChatMessage] = Field(
        min_length=1,
        max_length=200,
        examples=[[{"role": "user", "content": "When does the lease end?"}]],
    )
    model: str = ""
    stream: bool = False


_Path = Annotated[str, StringConstraints(pattern="^/")]
_Paths = Annotated[
    list[_Path], BeforeValidator(_listed, json_schema_input_type=_Path | list[_Path])
]


class QuestionRequest(BaseModel):
    """A question, and where to look: the fields of `retriever.Filter`."""

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)
    ] = Field(examples=["When does the lease end?"])
    k: int = Field(default=DEFAULT_K, ge=1, le=100)
    search: Mode = Field(default="hybrid", description="by both, by vectors, or by words")
    source: _Paths | None = Field(
        default=None, description="absolute path of a file or folder, or several"
    )
    document_id: str | None = None
    file_type: str | None = Field(default=None, description=f"one of {', '.join(FILE_TYPES)}")
    first_page: int | None = None
    last_page: int | None = None
    modified_after: AwareDatetime | None = None
    modified_before: AwareDatetime | None = None

    def where(self) -> Filter:
        """Which chunks to look at."""
        return Filter(
            source=None if self.source is None else tuple(self.source),
            document_id=self.document_id,
            file_type=self.file_type,
            first_page=self.first_page,
            last_page=self.last_page,
            modified_after=self.modified_after,
            modified_before=self.modified_before,
        )


class SearchRequest(QuestionRequest):
    """What to look for, and how near and how varied the hits must be."""

    min_score: float | None = Field(default=None, description="least cosine similarity")
    per_document: int | None = Field(default=None, ge=1, description="at most so many of each")
    diversity: float = Field(default=0.0, ge=0, le=1, description="maximal marginal relevance")


class ExchangeRequest(BaseModel):
    """A question of the conversation, as it was understood, and the answer's text."""

    question: str
    answer: str


class AskRequest(QuestionRequest):
    """What to answer; `history` is what it may refer back to, oldest first."""

    history: list[ExchangeRequest] = Field(default_factory=list[ExchangeRequest], max_length=100)
