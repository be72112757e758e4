"""Example operations, which GraphiQL opens with; tests send each of them."""

MEMBER = """\
# Put a member's token under Headers: {"Authorization": "Bearer ..."}

query Card {
  me {
    cardNo
    name
    maskedPhone
    points {
      balance
      expiringSoon(days: 60) { points expiresAt }
      entries(first: 5) { edges { node { kind points at } } }
    }
    orders(first: 5) {
      edges { node { no store { name } paidAt total { fen currency } } }
    }
  }
}

query Orders($first: Int! = 20, $after: String) {
  me {
    orders(first: $first, after: $after) {
      edges { node { no state paidAt total { fen } refunded { fen } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

STAFF = """\
# Put a token of the staff under Headers: {"Authorization": "Bearer ..."}

query Who {
  viewer { handle name role permissions fieldClasses }
}

query Newest($first: Int! = 10, $after: String) {
  members(first: $first, after: $after) {
    edges { node { id cardNo name maskedPhone joinedAt points { balance } } }
    pageInfo { hasNextPage endCursor }
  }
}

query Named($prefix: String! = "王") {
  members(namePrefix: $prefix, first: 10) {
    edges { node { id cardNo name maskedPhone } }
  }
}

query ByPhone($phone: String!) {
  memberByPhone(phone: $phone) {
    cardNo
    name
    points { balance debt entries(first: 10) { edges { node { kind points at } } } }
    orders(first: 10) {
      edges { node { no state store { code name } paidAt total { fen currency } } }
    }
  }
}

query Stores {
  stores { code name }
}

query Integrations {
  integrations {
    key
    state
    progress { received pending dead accepted known quarantined eventsBehind }
    inbox(first: 5) { edges { node { messageId state receivedAt accepted quarantined } } }
    quarantine(first: 10) { edges { node { id rowNo field code found quarantinedAt } } }
  }
}

query Plugins {
  plugins { key label version isOn settings settingsSchema faults { place times reason lastAt } }
}

mutation Correct($id: ID!, $fields: JSON! = {store: "S1"}, $key: String!) {
  correctTicket(id: $id, fields: $fields, idempotencyKey: $key) {
    accepted
    errors { code message path }
  }
}

mutation Enable($key: String!) {
  enablePlugin(key: $key) {
    plugin { key isOn settings settingsSchema }
    errors { code message path }
  }
}
"""
