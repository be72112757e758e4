"""Tasks (任务/跟进): what somebody is to do by when, mostly about a member; reminders, hand-over."""
