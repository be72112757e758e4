"""The root fields that the core brings to each audience, domain by domain."""

import strawberry

from shuke_core.access.permissions import CORE
from shuke_schema.alerts.mutations import AlertsMutation
from shuke_schema.alerts.queries import AlertsQuery
from shuke_schema.alerts.subscriptions import AlertsSubscription
from shuke_schema.assignments.mutations import AssignmentsMutation
from shuke_schema.assignments.types import AssignedMember
from shuke_schema.audit.queries import AuditQuery
from shuke_schema.blocks.mutations import BlocksMutation
from shuke_schema.blocks.types import BlocksOfMember
from shuke_schema.campaigns.mutations import CampaignsMutation
from shuke_schema.campaigns.own import OwnCampaignsMutation
from shuke_schema.campaigns.queries import CampaignsQuery, OffersQuery
from shuke_schema.campaigns.subscriptions import CampaignsSubscription
from shuke_schema.catalog.mutations import CatalogMutation
from shuke_schema.catalog.queries import CatalogQuery, ShopQuery
from shuke_schema.catalog.subscriptions import CatalogSubscription
from shuke_schema.catalog.types import ItemForStaff
from shuke_schema.consents.mutations import OwnConsentsMutation, PrivacyTextsMutation
from shuke_schema.consents.types import ConsentsOfMember
from shuke_schema.disclosure.mutations import DisclosureMutation
from shuke_schema.disclosure.queries import DisclosureQuery
from shuke_schema.exports.mutations import ExportsMutation
from shuke_schema.exports.queries import ExportsQuery
from shuke_schema.exports.subscriptions import ExportsSubscription
from shuke_schema.imports.mutations import ImportsMutation
from shuke_schema.imports.queries import ImportsQuery
from shuke_schema.imports.subscriptions import ImportsSubscription
from shuke_schema.integrations.mutations import IntegrationsMutation
from shuke_schema.integrations.queries import IntegrationsQuery
from shuke_schema.integrations.subscriptions import IntegrationsSubscription
from shuke_schema.interactions.mutations import InteractionsMutation
from shuke_schema.interactions.queries import FormsToFillInQuery, InteractionsQuery
from shuke_schema.interactions.submissions import SubmissionsMutation
from shuke_schema.interactions.subscriptions import InteractionsSubscription
from shuke_schema.interactions.types import InteractionForStaff, TaskOfInteraction
from shuke_schema.members.benefits import BenefitsOfMember
from shuke_schema.members.codes import MemberCodesMutation, OwnCodeMutation
from shuke_schema.members.identities import IdentitiesMutation
from shuke_schema.members.log_in import LogInMutation
from shuke_schema.members.mutations import MembersMutation
from shuke_schema.members.queries import MembersQuery, OwnQuery
from shuke_schema.members.timeline import TimelineOfMember
from shuke_schema.members.types import Oneself
from shuke_schema.merging.mutations import MergingMutation
from shuke_schema.merging.queries import MergingQuery
from shuke_schema.notes.mutations import NotesMutation
from shuke_schema.notes.types import NotesOfMember
from shuke_schema.orders.mutations import OwnOrdersMutation
from shuke_schema.orders.queries import OrdersQuery, OwnOrdersQuery
from shuke_schema.orders.staff_mutations import OrdersMutation
from shuke_schema.orders.subscriptions import OrdersSubscription, OwnOrdersSubscription
from shuke_schema.orders.types import OrderForStaff
from shuke_schema.parts import Audience, Part
from shuke_schema.personal_data.mutations import PersonalDataMutation
from shuke_schema.personal_data.own import OwnDataMutation
from shuke_schema.personal_data.queries import RightsRequestsQuery
from shuke_schema.personal_data.types import RightsRequestForStaff, RightsRequestsOfMember
from shuke_schema.plugins.mutations import PluginsMutation
from shuke_schema.plugins.queries import PluginsQuery
from shuke_schema.points.subscriptions import PointsSubscription
from shuke_schema.profiles.mutations import OwnProfileMutation, ProfilesMutation
from shuke_schema.profiles.queries import ProfilesQuery
from shuke_schema.profiles.types import MemberVersion, ProfileOfMember
from shuke_schema.reveals.mutations import RevealsMutation
from shuke_schema.rules.mutations import RulesMutation
from shuke_schema.rules.queries import RulesQuery
from shuke_schema.staff.account import AccountMutation
from shuke_schema.staff.mutations import StaffMutation
from shuke_schema.staff.queries import StaffQuery
from shuke_schema.staff.roles import RolesMutation
from shuke_schema.staff.sign_in import SignInMutation
from shuke_schema.stepup.mutations import StepUpMutation
from shuke_schema.stepup.queries import StepUpQuery
from shuke_schema.tasks.mutations import TasksMutation
from shuke_schema.tasks.of_member import TasksOfMember
from shuke_schema.tasks.queries import TasksQuery
from shuke_schema.tasks.subscriptions import TasksSubscription
from shuke_schema.tenants.queries import StoresQuery
from shuke_schema.wechat.mutations import WechatMutation
from shuke_schema.wechat.queries import WechatQuery


@strawberry.type
class Query:
    """Its fields come from the parts."""


@strawberry.type
class Mutation:
    """Its fields come from the parts."""


@strawberry.type
class Subscription:
    """Its fields come from the parts."""


CORE_PARTS = {
    Audience.MEMBER: Part(
        CORE,
        Audience.MEMBER,
        {
            "Query": (OwnQuery, FormsToFillInQuery, ShopQuery, OwnOrdersQuery, OffersQuery),
            "Mutation": (
                SubmissionsMutation,
                LogInMutation,
                OwnProfileMutation,
                OwnCodeMutation,
                OwnConsentsMutation,
                OwnDataMutation,
                OwnOrdersMutation,
                OwnCampaignsMutation,
            ),
            "Subscription": (PointsSubscription, OwnOrdersSubscription),
            "Member": (
                Oneself,
                ProfileOfMember,
                ConsentsOfMember,
                RightsRequestsOfMember,
                BenefitsOfMember,
            ),
        },
    ),
    Audience.STAFF: Part(
        CORE,
        Audience.STAFF,
        {
            "Query": (
                StaffQuery,
                MembersQuery,
                StoresQuery,
                IntegrationsQuery,
                PluginsQuery,
                AuditQuery,
                StepUpQuery,
                InteractionsQuery,
                TasksQuery,
                AlertsQuery,
                ExportsQuery,
                DisclosureQuery,
                RightsRequestsQuery,
                MergingQuery,
                WechatQuery,
                ProfilesQuery,
                RulesQuery,
                CatalogQuery,
                OrdersQuery,
                CampaignsQuery,
                ImportsQuery,
            ),
            "Mutation": (
                MembersMutation,
                OrdersMutation,
                IntegrationsMutation,
                PluginsMutation,
                SignInMutation,
                AccountMutation,
                StaffMutation,
                RolesMutation,
                AssignmentsMutation,
                StepUpMutation,
                InteractionsMutation,
                TasksMutation,
                AlertsMutation,
                RevealsMutation,
                ExportsMutation,
                DisclosureMutation,
                PrivacyTextsMutation,
                PersonalDataMutation,
                MergingMutation,
                IdentitiesMutation,
                WechatMutation,
                ProfilesMutation,
                MemberCodesMutation,
                BlocksMutation,
                NotesMutation,
                RulesMutation,
                CatalogMutation,
                CampaignsMutation,
                ImportsMutation,
            ),
            "Subscription": (
                IntegrationsSubscription,
                OrdersSubscription,
                InteractionsSubscription,
                TasksSubscription,
                AlertsSubscription,
                ExportsSubscription,
                CatalogSubscription,
                ImportsSubscription,
                CampaignsSubscription,
            ),
            "Member": (
                AssignedMember,
                TasksOfMember,
                ProfileOfMember,
                MemberVersion,
                BlocksOfMember,
                NotesOfMember,
                TimelineOfMember,
                ConsentsOfMember,
                RightsRequestsOfMember,
            ),
            "RightsRequest": (RightsRequestForStaff,),
            "Interaction": (InteractionForStaff,),
            "Task": (TaskOfInteraction,),
            "Item": (ItemForStaff,),
            "Order": (OrderForStaff,),
        },
    ),
}
