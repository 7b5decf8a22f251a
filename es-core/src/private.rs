//! What the derives' expansions call. Not part of the public interface: it changes without notice.
