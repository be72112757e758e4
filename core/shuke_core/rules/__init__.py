"""The rule language (规则): one JSON document says who or what is meant; SQL and memory agree on it.

`document` is its shape, `registry` its words, `checking` makes a rule of a document, `in_sql` and
`in_memory` decide it, `explanation` says why, `rendering` makes a sentence of it.
"""
