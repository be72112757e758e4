"""What can go wrong with merging."""

from shuke_core.kit.errors import ShukeError


class MembersCannotMerge(ShukeError):
    code = "MEMBERS_CANNOT_MERGE"
    sentence = "These two can't be merged: {why}."


class MergeCandidateUnknown(ShukeError):
    code = "MERGE_CANDIDATE_UNKNOWN"
    sentence = "There is no such pair, or it is settled."


class MergeUnknown(ShukeError):
    code = "MERGE_UNKNOWN"
    sentence = "There is no such merge."


class MergeCannotBeUndone(ShukeError):
    code = "MERGE_CANNOT_BE_UNDONE"
    sentence = "The merge can't be undone: {why}."


class MergeWindowInvalid(ShukeError):
    code = "MERGE_WINDOW_INVALID"
    sentence = "Merges can be undone for {least} to {most} days."
