"""Small tools without domain words: clock, ids, money, transactions, crypto."""
