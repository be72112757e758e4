"""What tests share: a shop to act in, and ways to say what happened there."""
