//! The guide: a catalogue of resources, what a person wishes, and the path that fits the hours.
