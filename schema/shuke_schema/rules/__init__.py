"""Rules (规则) in the staff API: the words there are, checking, explaining, named rules."""
