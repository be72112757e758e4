"""WeChat mini-programs (小程序): who somebody is, and which phone is theirs, as WeChat says."""
