//! What there is under `/api/v2`, as `openapi.json` tells it.

use schemars::{Schema, SchemaGenerator};

use crate::api::v2::{
    ApplicationBody, ApplicationList, ApplicationStateBody, ApplyRequest, ChannelBody,
    ChannelDocumentBody, ChannelList, ConfigBody, DeclineRequest, EnvelopeBody, ExpiringBody,
    ExpiryBody, ImportChannelRequest, MspBody, MspList, ProposalBody, ProposalList, ProposeRequest,
    PushList, SetChannelDocumentRequest, SignProposalRequest, SimulateRequest, StandingBody,
    VerifyRequest, VerifyResponse, WithdrawApplicationRequest,
};

/// Where everything stands.
pub(super) const BASE: &str = "/api/v2";

/// The shape of a body.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What one method of a path does.
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    /// In one line.
    pub(super) summary: &'static str,
    /// Whether the caller must prove who they are.
    pub(super) needs_caller: bool,
    pub(super) request: Option<Shape>,
    /// None: there is no body in the answer, and its status is 204.
    pub(super) response: Option<Shape>,
}

/// Every endpoint. A test holds this list against the router.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "/verify",
        method: "post",
        summary: "Judges sets of signatures: who signed, whether they are members, whether it is enough",
        needs_caller: true,
        request: Some(SchemaGenerator::subschema_for::<VerifyRequest<'static>>),
        response: Some(SchemaGenerator::subschema_for::<VerifyResponse>),
    },
    Endpoint {
        path: "/channels",
        method: "get",
        summary: "Lists the channels that the server knows",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ChannelList>),
    },
    Endpoint {
        path: "/channels/{id}",
        method: "get",
        summary: "Shows a channel and the paths of its policies",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ChannelBody>),
    },
    Endpoint {
        path: "/channels/{id}",
        method: "put",
        summary: "Keeps a configuration of a channel: the first, or a later one",
        needs_caller: true,
        request: Some(SchemaGenerator::subschema_for::<ImportChannelRequest>),
        response: Some(SchemaGenerator::subschema_for::<ChannelBody>),
    },
    Endpoint {
        path: "/channels/{id}",
        method: "delete",
        summary: "Forgets a channel",
        needs_caller: true,
        request: None,
        response: None,
    },
    Endpoint {
        path: "/channels/{id}/config",
        method: "get",
        summary: "Gives the configuration of a channel",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ConfigBody>),
    },
    Endpoint {
        path: "/channels/{id}/simulate",
        method: "post",
        summary: "Tells all that a proposal would tell, and keeps nothing",
        needs_caller: true,
        request: Some(SchemaGenerator::subschema_for::<SimulateRequest>),
        response: Some(SchemaGenerator::subschema_for::<StandingBody>),
    },
    Endpoint {
        path: "/channels/{id}/expiry",
        method: "get",
        summary: "Tells what ends in a channel and when: certificates, and policies that nobody can satisfy afterwards",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ExpiryBody>),
    },
    Endpoint {
        path: "/channels/{id}/proposals",
        method: "get",
        summary: "Lists the latest proposals of a channel; those that are open with `?state=open`",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ProposalList>),
    },
    Endpoint {
        path: "/channels/{id}/proposals",
        method: "post",
        summary: "Proposes an update of a channel",
        needs_caller: true,
        request: Some(SchemaGenerator::subschema_for::<ProposeRequest>),
        response: Some(SchemaGenerator::subschema_for::<ProposalBody>),
    },
    Endpoint {
        path: "/channels/{id}/documents/{kind}",
        method: "get",
        summary: "Gives a document of a channel: its rules of admission",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ChannelDocumentBody>),
    },
    Endpoint {
        path: "/channels/{id}/documents/{kind}",
        method: "put",
        summary: "Keeps a document of a channel, when it fits the channel",
        needs_caller: true,
        request: Some(SchemaGenerator::subschema_for::<SetChannelDocumentRequest>),
        response: Some(SchemaGenerator::subschema_for::<ChannelDocumentBody>),
    },
    Endpoint {
        path: "/channels/{id}/applications",
        method: "get",
        summary: "Lists the latest applications to a channel; those that are open with `?state=open`",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ApplicationList>),
    },
    Endpoint {
        path: "/channels/{id}/applications",
        method: "post",
        summary: "Applies for admission; everything that is lacking is told at once",
        needs_caller: false,
        request: Some(SchemaGenerator::subschema_for::<ApplyRequest>),
        response: Some(SchemaGenerator::subschema_for::<ApplicationStateBody>),
    },
    Endpoint {
        path: "/applications/{id}",
        method: "get",
        summary: "Shows an application: what it says, what it changes, who has approved, what is missing",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ApplicationBody>),
    },
    Endpoint {
        path: "/applications/{id}/state",
        method: "get",
        summary: "Tells who applied how the application stands",
        needs_caller: false,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ApplicationStateBody>),
    },
    Endpoint {
        path: "/applications/{id}/decline",
        method: "post",
        summary: "Declines an application",
        needs_caller: true,
        request: Some(SchemaGenerator::subschema_for::<DeclineRequest>),
        response: None,
    },
    Endpoint {
        path: "/applications/{id}/withdrawal",
        method: "post",
        summary: "Takes an application back, by the signature of who applied",
        needs_caller: false,
        request: Some(SchemaGenerator::subschema_for::<WithdrawApplicationRequest>),
        response: None,
    },
    Endpoint {
        path: "/proposals/{id}",
        method: "get",
        summary: "Shows a proposal: what it changes, who must sign, who has",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ProposalBody>),
    },
    Endpoint {
        path: "/proposals/{id}",
        method: "delete",
        summary: "Takes a proposal back",
        needs_caller: true,
        request: None,
        response: None,
    },
    Endpoint {
        path: "/proposals/{id}/signatures",
        method: "post",
        summary: "Adds a signature of a member of the channel; the last that is needed applies the proposal",
        needs_caller: false,
        request: Some(SchemaGenerator::subschema_for::<SignProposalRequest>),
        response: Some(SchemaGenerator::subschema_for::<ProposalBody>),
    },
    Endpoint {
        path: "/proposals/{id}/rebase",
        method: "post",
        summary: "Puts a proposal where it fits after the channel has moved on; it is signed anew",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ProposalBody>),
    },
    Endpoint {
        path: "/proposals/{id}/envelope",
        method: "get",
        summary: "Gives the update with its signatures for orderers; `?header=` is the sender's signature header",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<EnvelopeBody>),
    },
    Endpoint {
        path: "/expiry",
        method: "get",
        summary: "Tells what ends within `?within=` days: issued certificates (further ones with `?after=`), and what is in channels",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<ExpiringBody>),
    },
    Endpoint {
        path: "/pushes",
        method: "get",
        summary: "Tells how far what the CAs say (who is revoked, which issuers there are) has come into the channels",
        needs_caller: true,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<PushList>),
    },
    Endpoint {
        path: "/msps",
        method: "get",
        summary: "Lists the MSPs of the server's own organizations",
        needs_caller: false,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<MspList>),
    },
    Endpoint {
        path: "/msps/{id}",
        method: "get",
        summary: "Gives an MSP as channels carry it, with the newest lists of revoked certificates",
        needs_caller: false,
        request: None,
        response: Some(SchemaGenerator::subschema_for::<MspBody>),
    },
    Endpoint {
        path: "/openapi.json",
        method: "get",
        summary: "This document",
        needs_caller: false,
        request: None,
        response: Some(|_| Schema::from(true)),
    },
];
