"""The yardstick of distilling: the words that headless Chromium really paints."""
