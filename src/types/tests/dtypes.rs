//! Which type each expression has, and the graphs of some.

use super::{compile, graph};

fn dtype(text: &str) -> String {
    let graph = graph(text);
    let types: Vec<&str> = graph.outputs.iter().map(|&o| graph.node(o).dtype.name()).collect();
    types.join(" ")
}

#[test]
fn types() {
    // `b` bool, `i` i32, `l` i64, `f` f32, `a` f64; `k`, `m` bare integers, `w` a bare float, `t` a bare bool.
    for (text, expected) in [
        ("i + f", "f64"),
        ("l + f", "f64"),
        ("b + f", "f32"),
        ("b + i", "i32"),
        ("b + b", "bool"),
        ("b * b", "bool"),
        ("i + l", "i64"),
        ("f + a", "f64"),
        ("i / i", "f64"),
        ("b / b", "f64"),
        ("f / f", "f32"),
        ("b / f", "f32"),
        ("f * 2.0", "f32"),
        ("f * 2", "f32"),
        ("i * 2.0", "f64"),
        ("b + 1", "i64"),
        ("b + 1.5", "f64"),
        ("i + 1", "i32"),
        ("f * sqrt(2)", "f32"),
        ("f * (1/2)", "f32"),
        ("f * pi", "f32"),
        ("f * f64(2)", "f64"),
        ("f * (k + 1)", "f32"),
        ("i * k", "i32"),
        ("i * m", "i32"),
        ("i * w", "f64"),
        ("f * w", "f32"),
        ("l * k", "i64"),
        ("b * k", "i64"),
        ("1", "i64"),
        ("1.5", "f64"),
        ("1/2", "f64"),
        ("7//2", "i64"),
        ("True", "bool"),
        ("k", "i64"),
        ("m", "i64"),
        ("w", "f64"),
        ("f * (t + 1)", "f32"),
        ("f * (1 if k > 0 else 2)", "f32"),
        ("where(b, 1, 2)", "i64"),
        ("f * where(b, 1, 2)", "f64"),
        ("where(b, i, f)", "f64"),
        ("where(b, f, 0)", "f32"),
        ("where(i, f, 0)", "f32"),
        ("f if b else 1.5", "f32"),
        ("sin(i)", "f64"),
        ("sin(b)", "f32"),
        ("sin(f)", "f32"),
        ("exp(2)", "f64"),
        ("floor(i)", "i32"),
        ("floor(b)", "bool"),
        ("round(b)", "f32"),
        ("round(l)", "i64"),
        ("trunc(f)", "f32"),
        ("abs(b)", "bool"),
        ("abs(i)", "i32"),
        ("sign(f)", "f32"),
        ("minimum(b, b1)", "bool"),
        ("maximum(i, f)", "f64"),
        ("clip(f, 0, 1)", "f32"),
        ("clip(b, 0, f)", "f32"),
        ("fmod(i, i1)", "i32"),
        ("fmod(i, f)", "f64"),
        ("copysign(i, i1)", "f64"),
        ("copysign(f, 1)", "f32"),
        ("arctan2(f, a)", "f64"),
        ("isnan(i)", "bool"),
        ("i ** 2", "i32"),
        ("b ** 2, b ** 3, square(b)", "i8 i64 i8"),
        ("i ** 2.0", "f64"),
        ("f ** 3", "f32"),
        ("f ** i", "f64"),
        ("2 ** f", "f32"),
        ("2 ** i", "i32"),
        ("i // 2", "i32"),
        ("i % 2.5", "f64"),
        ("b // 2", "i64"),
        ("f // f1", "f32"),
        ("i << 3", "i32"),
        ("b << 3", "i64"),
        ("i & l", "i64"),
        ("b & b1", "bool"),
        ("b & i", "i32"),
        ("~b", "bool"),
        ("~i", "i32"),
        ("-i", "i32"),
        ("i < f", "bool"),
        ("0 < i < 5", "bool"),
        ("b and b1 or not b", "bool"),
        ("sum(b)", "i64"),
        ("sum(i)", "i64"),
        ("sum(f)", "f32"),
        ("prod(i)", "i64"),
        ("min(i)", "i32"),
        ("max(b)", "bool"),
        ("mean(i)", "f64"),
        ("mean(f)", "f32"),
        ("any(f)", "bool"),
        ("f * sum(2)", "f64"),
        ("f * sum(f)", "f32"),
        ("f32(2) * i", "f64"),
        ("f * i64(k)", "f64"),
        ("i.real", "i32"),
        ("f.imag", "f32"),
        ("f * (2).imag", "f32"),
        ("i, f; ", "i32 f32"),
        ("x = i*2; x + 1", "i32"),
        ("square(f)", "f32"),
        ("logical_and(i, f)", "bool"),
        ("mod(i, 3)", "i32"),
        ("power(f, 2)", "f32"),
        ("f**(1/2)", "f32"),
        ("f + 1e300", "f32"),
        ("i < 2**40", "bool"),
        ("i < 2**100", "bool"),
        ("2**100 / 2**98", "f64"),
        // The names of types are functions, so casts make the others; `z` is a bare integer beyond i64.
        ("u8(i) + i8(i)", "i16"),
        ("u16(i) + i8(i)", "i32"),
        ("u32(i) + i", "i64"),
        ("u64(i) + l", "f64"),
        ("u64(i) + 1", "u64"),
        ("u8(i) * 2", "u8"),
        ("u8(i) * 2.0", "f64"),
        ("u8(i) * k", "u8"),
        ("u8(i) / u8(i)", "f64"),
        ("i8(i) / f", "f32"),
        ("clip(i16(i), u16(i), f)", "f32"),
        ("sin(i8(i)), sin(u8(i)), sin(i16(i)), sin(u16(i)), sin(u32(i)), sin(u64(i))", "f32 f32 f32 f32 f64 f64"),
        ("arctan2(i8(i), u16(i)), arctan2(i8(i), i), arctan2(b, i16(i))", "f32 f64 f32"),
        ("arctan2(i8(i), 2), arctan2(i8(i), 2.0), arctan2(b, 2), arctan2(b, 2.0)", "f32 f64 f64 f64"),
        ("sqrt(u8(i)), copysign(i8(i), f)", "f32 f32"),
        ("b // b1, b % b1, b ** b1, b << b1, b >> b1, fmod(b, b1), square(b)", "i8 i8 i8 i8 i8 i8 i8"),
        ("sum(i8(i)), sum(u8(i)), prod(u64(i)), min(u16(i)), mean(u8(i))", "i64 u64 u64 u16 f64"),
        ("u8(i) ** 2, u8(i) ** i8(i), u8(i) ** 2.0", "u8 i16 f64"),
        ("~u8(i), -u8(i), abs(i8(i)), sign(u8(i)), round(i8(i))", "u8 u8 i8 u8 i8"),
        ("2**63, 2**63 + k, f * 2**63, u64(i) + 2**63", "u64 u64 f32 u64"),
        ("z, z + 1, z + k, f * z, u64(i) + z, z > l", "u64 u64 u64 f32 u64 bool"),
        ("u64(i) == l, u8(i) > 300, u64(i) > -1, u64(i) < k, k < 2**63", "bool bool bool bool bool"),
    ] {
        assert_eq!(dtype(text), expected, "{text}");
    }
}

#[test]
fn names() {
    let names = |text: &str| compile(text).unwrap().0.free.join(" ");
    assert_eq!(names("sin(b1) + a*a + pi"), "b1 a");
    assert_eq!(names("x = a if c else d; x + z + a"), "a c d z");
    assert_eq!(names("sum(a, axis=0) + e"), "a");
}

#[test]
fn graphs() {
    for (text, expected) in [
        ("a*c + c*a", "v0: f64 = input 0\nv1: f64 = input 1\nv2: f64 = mul v0, v1\nv3: f64 = add v2, v2\noutputs v3"),
        ("f + 2", "v0: f32 = input 0\nv1: f32 = 2.0\nv2: f32 = add v0, v1\noutputs v2"),
        (
            "i + k",
            "v0: i32 = input 0\nv1: i64 = input 1\nv2: i32 = convert v1\nv3: i32 = add v0, v2\noutputs v3\ncheck 1 in i32",
        ),
        ("i + m", "v0: i32 = input 0\nv1: i32 = input 1\nv2: i32 = add v0, v1\noutputs v2"),
        ("i < k", "v0: i32 = input 0\nv1: i64 = input 1\nv2: i64 = convert v0\nv3: bool = lt v2, v1\noutputs v3"),
        (
            "i < 2**100",
            "v0: i32 = input 0\nv1: bool = true\nv2: bool = eq v0, v0\nv3: bool = select v2, v1, v1\noutputs v3",
        ),
        (
            "u8(l) + k",
            "v0: i64 = input 0\nv1: u8 = convert v0\nv2: i64 = input 1\nv3: u8 = convert v2\nv4: u8 = add v1, v3\noutputs v4\ncheck 1 in u8",
        ),
        (
            "u8(l) < k",
            "v0: i64 = input 0\nv1: u8 = convert v0\nv2: i64 = input 1\nv3: i64 = convert v1\nv4: bool = lt v3, v2\noutputs v4",
        ),
        (
            "b ** b1",
            "v0: bool = input 0\nv1: bool = input 1\nv2: bool = not v1\nv3: bool = or v0, v2\nv4: i8 = convert v3\noutputs v4",
        ),
        ("isnan(i)", "v0: i32 = input 0\nv1: bool = ne v0, v0\noutputs v1"),
        ("i**5", "v0: i32 = input 0\nv1: i32 = mul v0, v0\nv2: i32 = mul v1, v1\nv3: i32 = mul v0, v2\noutputs v3"),
        (
            "l < l1 < l2",
            "v0: i64 = input 0\nv1: i64 = input 1\nv2: i64 = input 2\nv3: bool = lt v0, v1\nv4: bool = lt v1, v2\nv5: bool = and v3, v4\noutputs v5",
        ),
        (
            "mean(f, axis=-1, keepdims=True)",
            "v0: f32 = input 0\nv1: f64 = convert v0\nv2: f64 = reduce sum.f64 [-1] keepdims v1\nv3: i64 = count [-1] v0\nv4: f64 = convert v3\nv5: f64 = div v2, v4\nv6: f32 = convert v5\noutputs v6",
        ),
        ("sum(a, (0, 1))", "v0: f64 = input 0\nv1: f64 = reduce sum.f64 [0, 1] v0\noutputs v1"),
        ("a**0.5", "v0: f64 = input 0\nv1: f64 = sqrt v0\noutputs v1"),
        ("a**2", "v0: f64 = input 0\nv1: f64 = mul v0, v0\noutputs v1"),
        ("1 + 2*3", "v0: i64 = 7\noutputs v0"),
        ("b < b1", "v0: bool = input 0\nv1: bool = input 1\nv2: bool = not v0\nv3: bool = and v1, v2\noutputs v3"),
    ] {
        assert_eq!(graph(text).to_string(), expected, "{text}");
    }
}
