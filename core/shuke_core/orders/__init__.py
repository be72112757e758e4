"""Orders (订单) of every channel, their lines and refunds: the facts that points and reports stand on."""
