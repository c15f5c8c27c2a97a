//! Learning groups: who learns with whom, when, and what they leave behind.
