//! Texts that would move a cursor, reorder a line or hide a word, in everything that a server can name.
