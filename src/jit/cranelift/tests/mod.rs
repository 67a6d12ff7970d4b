//! Tests.

mod speed;
