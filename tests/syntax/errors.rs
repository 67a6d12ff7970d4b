//! What is said of texts that are wrong: what was expected, where, and what to write instead.

use super::*;

/// Text, message, what the caret marks, help.
const ERRORS: &[(&str, &str, &str, &str)] = &[
    ("", "there is no expression in the text", "", ""),
    ("  # nothing", "there is no expression in the text", "", ""),
    (";;", "there is no expression in the text", "", ""),
    ("a + ", "expected a value after `+`, found the end of the text", "", ""),
    (
        "a +\nb",
        "expected a value after `+`, found the end of the line",
        "",
        "to go on in the next line, put the whole in parentheses",
    ),
    (
        "a\n+ b",
        "the value of this statement is not used: only the last can be a bare expression",
        "a",
        "to go on in the next line, put the whole in parentheses",
    ),
    ("(a", "this `(` is never closed", "(", "write the `)` that is missing"),
    ("f(a, (b + c", "this `(` is never closed", "(", "write the `)` that is missing"),
    ("(a + ", "this `(` is never closed", "(", "write the `)` that is missing"),
    ("(a; b)", "this `(` is not closed before the `;`", "(", "write the `)` that is missing"),
    ("a)", "`)` without a `(` before it", ")", "remove it"),
    (")", "`)` without a `(` before it", ")", "remove it"),
    ("a b", "two values side by side: an operator such as `*` is missing", "b", ""),
    ("a b (c +", "two values side by side: an operator such as `*` is missing", "b", ""),
    ("a AND b", "two values side by side: an operator such as `*` is missing", "AND", "write `and`"),
    ("2(x)", "two values side by side: an operator such as `*` is missing", "(x)", "for a product write `2*(x)`"),
    ("(a)(b)", "two values side by side: an operator such as `*` is missing", "(b)", "for a product write `(a)*(b)`"),
    ("f(x)(y)", "two values side by side: an operator such as `*` is missing", "(y)", "for a product write `f(x)*(y)`"),
    ("a +* b", "expected a value after `+`, found `*`", "*", ""),
    ("* a", "expected a value, found `*`", "*", ""),
    ("a * * b", "expected a value after `*`, found `*`", "*", "`**` is written without a space"),
    ("a < = b", "expected a value after `<`, found `=`", "=", "`<=` is written without a space"),
    ("a < > b", "expected a value after `<`, found `>`", ">", "write `!=`"),
    ("f(a,,b)", "expected a value after `,`, found `,`", ",", ""),
    ("f(,a)", "expected a value, found `,`", ",", ""),
    ("f(a, +)", "expected a value after `+`, found `)`", ")", ""),
    ("a < ", "expected a value after `<`, found the end of the text", "", ""),
    ("= 3", "expected a name before `=`", "=", "write `name = value`, or the value alone"),
    ("a = ", "expected a value after `=`, found the end of the text", "", ""),
    (
        "t = a",
        "the text ends without a result: the last statement must be an expression",
        "t",
        "to return `t`, write `; t` at the end; to compare, write `==`",
    ),
    ("t = a, b", "a name takes one value, found `,`", ",", "give each value its own name: `a = x; b = y`"),
    ("t = (a, b)", "a name takes one value, found a tuple", "(a, b)", "give each value its own name: `a = x; b = y`"),
    ("t = u = 3", "only one name can be given a value at a time", "=", "write `a = x; b = a`; to compare, write `==`"),
    (
        "a + b = c",
        "only a single name can be given a value",
        "=",
        "to compare, write `==`; a function is defined as `f(x) = ...`",
    ),
    (
        "f(x) = x, 1",
        "a function has one value, found `,`",
        ",",
        "define one function for each: `f(x) = ...; g(x) = ...`",
    ),
    (
        "f(x) = (x, 1)",
        "a name takes one value, found a tuple",
        "(x, 1)",
        "give each value its own name: `a = x; b = y`",
    ),
    (
        "f(x) = y = 1; f(a)",
        "only one name can be given a value at a time",
        "=",
        "write `a = x; b = a`; to compare, write `==`",
    ),
    (
        "f(x) = x + 1",
        "the text ends with the definition of `f`: there is nothing to compute",
        "f",
        "write what is to be computed at the end, as in `; f(...)`",
    ),
    (
        "f(2) = 3; f(a)",
        "a parameter is a name by itself",
        "2",
        "a function is written `f(x, y) = x*y`; to compare, write `==`",
    ),
    (
        "f(x=2) = x; f(a)",
        "parameters have no default values",
        "x=2",
        "write the name alone: every call gives all arguments",
    ),
    ("f(x, x) = x; f(a, b)", "the parameter `x` stands twice", "x", "give one of the two another name"),
    ("f() = a; f()", "a function without parameters is a value", "()", "write it without the brackets: `t = a*b`"),
    ("f(x) = ; f(a)", "expected a value after `=`, found `;`", ";", ""),
    ("(a = b)", "`=` cannot stand inside an expression", "=", "to compare, write `==`"),
    (
        "where(a = b, 1, 2)",
        "an argument without a keyword stands after one with a keyword",
        "1",
        "put it before; if `=` was meant to compare, write `==`",
    ),
    (
        "f(a + b = 1)",
        "only a name can stand before `=`",
        "=",
        "a keyword argument is `name=value`; to compare, write `==`",
    ),
    ("f(k=1, k=2)", "this keyword is given twice", "k", "remove one"),
    (
        "a; b",
        "the value of this statement is not used: only the last can be a bare expression",
        "a",
        "give it a name: `t = ...`; several results are written `x, y`",
    ),
    (
        "t = a; t; t",
        "the value of this statement is not used: only the last can be a bare expression",
        "t",
        "give it a name: `t = ...`; several results are written `x, y`",
    ),
    ("()", "expected a value between `(` and `)`", "()", ""),
    ("() + 1", "expected a value between `(` and `)`", "()", ""),
    ("a + ()", "expected a value between `(` and `)`", "()", ""),
    (
        "(a, b) + 1",
        "a tuple is not a value to calculate with",
        "(a, b)",
        "several results stand at the very end: `x, y`",
    ),
    ("((0, 1), 2)", "a tuple is not a value to calculate with", "(0, 1)", "tuples do not nest: write `(0, 1)`"),
    (
        "f((0, 1) + 1)",
        "a tuple is not a value to calculate with",
        "(0, 1)",
        "a tuple stands by itself as an argument: `sum(x, axis=(0, 1))`",
    ),
    ("f(((0, 1), 2))", "a tuple is not a value to calculate with", "(0, 1)", "tuples do not nest: write `(0, 1)`"),
    ("((), 1)", "expected a value between `(` and `)`", "()", ""),
    ("a if b", "this `if` has no `else`", "if", "the form is `x if c else y`"),
    ("a if b, c", "this `if` has no `else`", "if", "the form is `x if c else y`"),
    ("a else b", "`else` without an `if` before it", "else", "the form is `x if c else y`"),
    (
        "a if b if c else d else e",
        "expected the `else` of the `if` before, found another `if`",
        "if b if",
        "put the inner one in parentheses: `x if (a if b else c) else y`",
    ),
    ("if a", "expected a value, found `if`", "if", "a choice is written `x if c else y`, or `where(c, x, y)`"),
    ("if(c, a, b)", "expected a value, found `if`", "if", "a choice is written `x if c else y`, or `where(c, x, y)`"),
    (
        "2*if(c, a, b)",
        "expected a value after `*`, found `if`",
        "if",
        "a choice is written `x if c else y`, or `where(c, x, y)`",
    ),
    (
        "a=2",
        "the text ends without a result: the last statement must be an expression",
        "a",
        "to return `a`, write `; a` at the end; to compare, write `==`",
    ),
    ("a + not b", "`not` cannot stand after `+`: it binds weaker", "not", "put it in parentheses: `(not x)`"),
    ("a == not b", "`not` cannot stand after `==`: it binds weaker", "not", "put it in parentheses: `(not x)`"),
    (
        "a not b",
        "expected an operator after `a`, found `not`",
        "not",
        "for not equal write `!=`; to join conditions `a and not b`",
    ),
    (
        "a not b",
        "expected an operator after `a`, found `not`",
        "not",
        "for not equal write `!=`; to join conditions `a and not b`",
    ),
    (
        "a ~ b",
        "expected an operator after `a`, found `~`",
        "~",
        "`~` stands before one value; for exclusive or write `^`, for not equal `!=`",
    ),
    ("x.real()", "`.real` is not called", "()", "write `.real` without brackets behind"),
    ("x.imag(1)", "`.imag` is not called", "(1)", "write `.imag` without brackets behind"),
    ("x.foo()(2)", "two values side by side: an operator such as `*` is missing", "(2)", ""),
    (
        "x.f(y) = 2",
        "only a single name can be given a value",
        "=",
        "to compare, write `==`; a function is defined as `f(x) = ...`",
    ),
    (
        "(x, y).sum()",
        "a tuple is not a value to calculate with",
        "(x, y)",
        "several results stand at the very end: `x, y`",
    ),
    (".real", "expected a value before `.real`", ".real", ""),
    (".sum()", "expected a value before `.sum`", ".sum", ""),
    ("a + .sum()", "expected a value after `+`, found `.sum`", ".sum", ""),
    ("x .", "a `.` by itself", ".", "write `.real`, `.imag` or a method after a value, or a digit: `0.5`"),
    (
        "𝐢𝐟 + 1",
        "this is the word `if` in other letters, and cannot be a name",
        "𝐢𝐟",
        "write the word in ASCII, or take another name",
    ),
    ("@a > 2", "`@` before a name is not in the language", "@", "a name is written by itself: `x`"),
    ("a > @b", "`@` before a name is not in the language", "@", "a name is written by itself: `x`"),
    ("a && b", "`&&` is not an operator here", "&&", "write `and`, or `&` for bits"),
    ("a || b", "`||` is not an operator here", "||", "write `or`, or `|` for bits"),
    ("!a", "`!` is not an operator here", "!", "write `not x`, or `~x` for bits; `!=` is one operator without a space"),
    (
        "a ! b",
        "`!` is not an operator here",
        "!",
        "write `not x`, or `~x` for bits; `!=` is one operator without a space",
    ),
    ("a <> b", "`<>` is not an operator here", "<>", "write `!=`"),
    ("a === b", "`===` is not an operator here", "===", "write `==`"),
    ("t += 1", "`+=` is not an operator here", "+=", "write the name out: `t2 = t + x`"),
    ("a := 3", "`:=` is not an operator here", ":=", "give the name its value in a statement before: `t = a*b; t + c`"),
    (
        "a -> b",
        "`->` is not an operator here",
        "->",
        "for less than or greater than a negative value write `< -x` or `> -x`",
    ),
    (
        "a[0]",
        "`[` is not in the language: arrays are not indexed or written out in the text",
        "[",
        "pass the slice as an argument of its own; a tuple is written `(0, 1)`: `axis=(0, 1)`, `x in (0, 1)`",
    ),
    ("{a}", "`{` is not in the language", "{", "group with `(` and `)`"),
    (
        "a == \"b",
        "this string does not end on its line",
        "\"",
        "write the `\"` that is missing; a line break in a string is written `\\n`",
    ),
    (
        "a == 'b\n'",
        "this string does not end on its line",
        "'",
        "write the `'` that is missing; a line break in a string is written `\\n`",
    ),
    ("'text' a", "two values side by side: an operator such as `*` is missing", "a", ""),
    (
        "s == '\\q'",
        "`\\q` is not an escape of bytes",
        "\\q",
        "a backslash is written `\\\\`, any byte `\\x` and two hexadecimal digits",
    ),
    ("a ? b : c", "`?` is not an operator here", "?", "write `x if c else y`, or `where(c, x, y)`"),
    ("a is None", "`is` is not an operator here", "is", "write `==`; for NaN `isnan(x)`"),
    (
        "x not (1, 2)",
        "expected an operator after `x`, found `not`",
        "not",
        "for not equal write `!=`; to join conditions `a and not b`",
    ),
    ("x in", "expected a value after `in`, found the end of the text", "", ""),
    ("x in not y", "`not` cannot stand after `in`: it binds weaker", "not", "put it in parentheses: `(not x)`"),
    (
        "x in (1, 2) & y",
        "`&` binds tighter than `in`: it cannot stand behind a tuple",
        "&",
        "put the test in parentheses: `(x in (1, 2)) & ...`",
    ),
    (
        "x in -(1, 2)",
        "a tuple is not a value to calculate with",
        "(1, 2)",
        "several results stand at the very end: `x, y`",
    ),
    ("in (1, 2)", "expected a value, found `in`", "in", ""),
    ("lambda x: x", "`lambda` is not in the language", "lambda", "define a function by name: `f(x) = x*2; f(a)`"),
    ("def f(x)", "`def` is not in the language", "def", "a function is written `f(x) = x*2`"),
    ("import numpy", "there is nothing to import", "import", "functions are there by their names: `sin(x)`"),
    (
        "for x",
        "loops are not written in the text: every expression runs over whole arrays",
        "for",
        "write the expression alone",
    ),
    ("class + 1", "`class` is a reserved word and cannot be a name", "class", "take another name, such as `class_`"),
    (
        "a @ b",
        "`@` is not an operator here: matrices are not multiplied",
        "@",
        "write `sum(a*b, axis=...)` with shapes that broadcast",
    ),
    ("a − b", "the character `−` is not in the language", "−", "write `-`"),
    ("x²", "the character `²` is not in the language", "²", "write `**2`"),
    ("a\u{a0}+ b", "the invisible character U+00A0 is not in the language", "\u{a0}", "write a plain space"),
    ("a\u{200b}", "the invisible character U+200B is not in the language", "\u{200b}", "remove it"),
    ("a \0 b", "the invisible character U+0000 is not in the language", "\0", "remove it"),
    ("a $ b", "`$` is not in the language", "$", "a name is written by itself: `x`"),
    ("2x", "a number directly followed by a name", "2x", "for a product write `2*x`"),
    (
        "1.5f",
        "a number has no suffix such as `f`",
        "1.5f",
        "write `1.5`: it takes its type from what it meets, or `f32(1.5)` for single precision",
    ),
    ("012", "a decimal number cannot begin with `0`", "012", "write `12`, or `0o12` for octal"),
    ("1__0", "`_` in a number stands between two digits, one at a time", "1__0", "write `1_0`"),
    (
        "999999999999999999999999999999999999999999",
        "this integer is too large: the largest is 170141183460469231731687303715884105727",
        "999999999999999999999999999999999999999999",
        "write it as a float: `1e42`",
    ),
    (
        "a \\ b",
        "a `\\` by itself",
        "\\",
        "at the very end of a line it joins the next; or put the expression in parentheses",
    ),
    ("α β", "two values side by side: an operator such as `*` is missing", "β", ""),
];

#[test]
fn errors_say_what_was_expected_and_where() {
    let mut shown = String::new();
    for &(source, message, place, help) in ERRORS {
        let error = refuse(source);
        let found = (error.message(), &source[error.span()], error.help().unwrap_or(""));
        if found != (message, place, help) {
            shown += &format!("    ({source:?}, {:?}, {:?}, {:?}),\n", found.0, found.1, found.2);
        }
        assert_eq!(error.kind(), CompileErrorKind::Syntax);
        assert_eq!(error.source_text(), source);
    }
    assert!(shown.is_empty(), "these are different:\n{shown}");
}

#[test]
fn the_place_is_shown() {
    let shown = refuse("t = a*2\nt +* b").to_string();
    assert_eq!(shown, "expected a value after `+`, found `*`\n  |\n2 | t +* b\n  |    ^\n");
    let shown = refuse("2x").to_string();
    assert_eq!(shown, "a number directly followed by a name\n  |\n1 | 2x\n  | ^^\nhelp: for a product write `2*x`");
}
