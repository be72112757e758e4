"""Rights over personal data (个人信息权利): access, correction, erasure."""
