"""The decisions of `policy/tests/corpus`, asked of a running `serve` by real callers, and what AWS's guides say that policies do.

`world` has the people and the keys. `case` makes what a case needs; `question` makes a call of it that has its facts, or says
which fact no client can bring about, and `explained` asks Explain instead. `cases`, `published`, `texts` and `statements`
are the claims.
"""
