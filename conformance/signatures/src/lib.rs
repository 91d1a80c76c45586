//! Are signatures verified as others make and verify them? The claims are in `tests/`.
