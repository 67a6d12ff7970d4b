from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

_Order = Literal["K", "C", "F", "A"]
_Casting = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
_Out = np.ndarray | tuple[np.ndarray, ...]

def evaluate(
    ex: str,
    local_dict: Mapping[str, Any] | None = None,
    global_dict: Mapping[str, Any] | None = None,
    out: _Out | None = None,
    order: _Order = "K",
    casting: _Casting = "same_kind",
    sanitize: bool | None = None,
    _frame_depth: int = 3,
    disable_cache: bool = False,
    *,
    optimization: Literal["none", "moderate", "aggressive"] = ...,
    truediv: bool | Literal["auto"] = ...,
) -> Any: ...
def re_evaluate(local_dict: Mapping[str, Any] | None = None, global_dict: Mapping[str, Any] | None = None, _frame_depth: int = 2) -> Any: ...
def validate(
    ex: str,
    local_dict: Mapping[str, Any] | None = None,
    global_dict: Mapping[str, Any] | None = None,
    out: _Out | None = None,
    order: _Order = "K",
    casting: _Casting = "safe",
    _frame_depth: int = 2,
    sanitize: bool | None = None,
    *,
    optimization: Literal["none", "moderate", "aggressive"] = ...,
    truediv: bool | Literal["auto"] = ...,
) -> Exception | None: ...
def names(text: str) -> list[str]: ...
def get_num_threads() -> int: ...
def set_threads(count: int) -> int: ...

class Expression:
    def __new__(
        cls,
        text: str,
        *,
        order: _Order = "K",
        casting: _Casting = "same_kind",
        accuracy: Literal["high", "low"] = "high",
        relaxed: Literal["contract", "library"] | None = None,
    ) -> Expression: ...
    @property
    def text(self) -> str: ...
    @property
    def names(self) -> list[str]: ...
    def __call__(self, *, out: _Out | None = None, **arrays: Any) -> Any: ...
    def prepare(self, *, out: _Out | None = None, **arrays: Any) -> Prepared: ...
    def outputs(self, **arrays: Any) -> list[tuple[str, tuple[int, ...]]]: ...
    def partial(self, offset: int, total: int, /, **arrays: Any) -> State: ...
    def _indices(self, **arrays: Any) -> tuple[dict[str, list[int | None]], list[list[int | None]]]: ...
    def _explain(self, **arrays: Any) -> tuple[str, list[dict[str, Any]]]: ...

class Prepared:
    def __call__(self) -> Any: ...
    @property
    def out(self) -> Any: ...

class State:
    def merge(self, later: State) -> State: ...
    def finish(self) -> Any: ...
    def to_bytes(self) -> bytes: ...
    @classmethod
    def from_bytes(cls, bytes: bytes) -> State: ...
