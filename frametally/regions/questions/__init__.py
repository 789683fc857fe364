"""Questions about tracks and regions whose answers are moments or differences."""
