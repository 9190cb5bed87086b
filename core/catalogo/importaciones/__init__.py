"""Changes to a catalogue by the thousand: a file applied, previewed, or taken back, in steps."""
