"""Objects that offer their memory in other ways than NumPy's arrays: DLPack (PyTorch, JAX, CuPy on the CPU), Arrow (pyarrow, polars), NumPy's
array interface, and whatever NumPy makes an array of.
"""

import ctypes

import numpy as np

from ._errors import make

# NumPy's types of the formats of Arrow's C data interface.
_FORMATS = {
    "c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8", "e": "f2", "f": "f4", "g": "f8",
}  # fmt: skip


def as_array(value, name):
    """A NumPy array of the elements of an object, without a copy where it offers its memory; called by the native part."""
    if isinstance(value, str):
        return np.asarray(value.encode("ascii"))
    if isinstance(value, (bytes, np.generic)):
        return np.asarray(value)
    if hasattr(value, "__pandas_priority__"):
        # (What is missing in pandas' columns is NaN in arrays of NumPy's, null in Arrow's.)
        return np.asarray(value)
    if hasattr(value, "__arrow_c_array__"):
        return _of_arrow_array(value.__arrow_c_array__(), name)
    if hasattr(value, "__arrow_c_stream__"):
        return _of_arrow_stream(value, name)
    if hasattr(value, "__dlpack__"):
        return _of_dlpack(value, name)
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise make("dtype", f"`{name}` is no array, and cannot be made one: {error}", {"argument": name}) from error


def _of_dlpack(value, name):
    device = value.__dlpack_device__() if hasattr(value, "__dlpack_device__") else (1, 0)
    if device[0] not in (1, 3, 11):  # the CPU's memory, or such as it can reach
        fields = {"argument": name, "help": "copy it to the CPU first"}
        raise make("dtype", f"`{name}` lies in the memory of another device than the CPU", fields)
    try:
        return np.from_dlpack(value)
    except (TypeError, RuntimeError, BufferError) as error:
        # What DLPack has no way to say (a tensor that records gradients, bytes in the other order), the object may say as an array.
        if hasattr(value, "__array__"):
            return np.asarray(value)
        raise make("dtype", f"`{name}` cannot be read: {error}", {"argument": name}) from error


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    pass


_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class _Column:
    """Memory of an Arrow array, which it keeps; NumPy makes an array of it."""

    def __init__(self, keep, address, dtype, length):
        self._keep = keep
        self.__array_interface__ = {
            "version": 3, "shape": (length,), "typestr": np.dtype(dtype).str, "data": (address, True),
        }  # fmt: skip


def _column(schema, array, keep, name):
    """A NumPy array over the elements of one Arrow array."""
    format = schema.format.decode()
    if array.null_count != 0 and array.n_buffers and array.buffers[0]:
        if array.null_count > 0 or _has_nulls(array):
            fields = {"argument": name, "help": "fill them first (`fill_null`), or drop the rows"}
            raise make("dtype", f"`{name}` has nulls, which have no value to compute with", fields)
    if format == "b":
        bits = np.asarray(_Column(keep, array.buffers[1], "u1", (array.offset + array.length + 7) // 8))
        return np.unpackbits(bits, bitorder="little")[array.offset : array.offset + array.length].view(bool)
    if format not in _FORMATS:
        raise make("dtype", f"`{name}` is a column of Arrow's type '{format}', which is no type to compute with", {"argument": name})
    dtype = np.dtype(_FORMATS[format])
    if not array.length:
        return np.empty(0, dtype)
    return np.asarray(_Column(keep, array.buffers[1] + array.offset * dtype.itemsize, dtype, array.length))


def _has_nulls(array):
    bits = np.asarray(_Column(None, array.buffers[0], "u1", (array.offset + array.length + 7) // 8))
    return not np.unpackbits(bits, bitorder="little")[array.offset : array.offset + array.length].all()


def _of_arrow_array(capsules, name):
    schema = _Schema.from_address(_pointer(capsules[0], b"arrow_schema"))
    array = _Array.from_address(_pointer(capsules[1], b"arrow_array"))
    return _column(schema, array, capsules, name)


class _Chunk:
    """An array out of a stream, released when nothing uses it any more."""

    def __init__(self):
        self.array = _Array()

    def __del__(self):
        if self.array.release:
            _RELEASE(self.array.release)(ctypes.addressof(self.array))


def _of_arrow_stream(value, name):
    capsule = value.__arrow_c_stream__()
    stream = _Stream.from_address(_pointer(capsule, b"arrow_array_stream"))
    schema = _Schema()
    _check(stream.get_schema(stream, schema), stream, name)
    try:
        columns = []
        while True:
            chunk = _Chunk()
            _check(stream.get_next(stream, chunk.array), stream, name)
            if not chunk.array.release:
                break
            columns.append(_column(schema, chunk.array, chunk, name))
        if not columns:
            return np.empty(0, _FORMATS.get(schema.format.decode(), "f8"))
        # Chunks lie apart: only one is used where it lies.
        return columns[0] if len(columns) == 1 else np.concatenate(columns)
    finally:
        if schema.release:
            _RELEASE(schema.release)(ctypes.addressof(schema))


def _check(status, stream, name):
    if status:
        why = stream.get_last_error(stream)
        raise make("dtype", f"`{name}` cannot be read: {why.decode() if why else status}", {"argument": name})
