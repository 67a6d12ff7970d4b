//! Any text is read or refused: no panic, and an error that can be shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tilexpr::Limits;
use tilexpr::syntax::parse;

fuzz_target!(|text: &str| {
    if let Err(error) = parse(text, &Limits::default()) {
        assert!(text.get(error.span()).is_some(), "the place is in the text");
        assert!(!error.message().is_empty());
        assert!(error.to_string().len() < 1500, "what is shown is short");
    }
});
