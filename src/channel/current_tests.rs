use super::*;
use crate::channel::compute::compute_update;
use crate::channel::outlook::{Standing, outlooks};
use crate::channel::rebase::{RebaseError, rebase};
use crate::channel::testing::{
    CAS, Spelled, at, changed, group, msp, msp_value, network, now, org, policy, value,
};
use crate::wire::{
    AnchorPeer, AnchorPeers, ConfigSignature, ConfigUpdate, Message as _, SignatureHeader,
};

fn current(config: &Config) -> Current {
    Current::load("channel", config.clone(), now()).unwrap()
}

fn update(from: &Config, to: &Config) -> ConfigUpdate {
    compute_update("channel", from, to).unwrap()
}

fn signed(update: ConfigUpdate, by: &[&str]) -> Update {
    let mut update = Update::unsigned(update);
    for who in by {
        let header = SignatureHeader { creator: who.as_bytes().to_vec(), nonce: Vec::new() };
        let signature = b"good".to_vec();
        update.sign(ConfigSignature { signature_header: header.encode_to_vec(), signature });
    }
    update
}

fn with_org3(config: &Config) -> Config {
    changed(config, |root| {
        at(root, &["Application"]).groups.insert("Org3".into(), org(&msp("Org3MSP", &CAS[2])));
    })
}

fn with_peer(config: &Config, of: &str, host: &str) -> Config {
    let peer = AnchorPeer { host: host.into(), port: 7051 };
    let peers = AnchorPeers { anchor_peers: vec![peer] };
    changed(config, |root| {
        at(root, &["Application", of]).values.insert("AnchorPeers".into(), value(&peers));
    })
}

#[test]
fn an_organization_joins_when_most_administrators_say_so() {
    let current = current(&network());
    let admission = update(current.config(), &with_org3(current.config()));
    let one = signed(admission.clone(), &["Org1MSP.admin"]);
    let refused = current.apply(&one, &Spelled, now()).unwrap_err();
    assert_eq!((refused.stage(), refused.word()), ("propose", "unauthorised"));
    assert_eq!(
        refused.to_string(),
        "the signatures do not satisfy the policy /Channel/Application/Admins that guards the group \
         /Channel/Application"
    );
    let [(demand, why)] = &current.explain(&one, &Spelled).unwrap()[..] else { panic!("one") };
    assert_eq!(demand.policy, "/Channel/Application/Admins");
    assert_eq!(why.found.need().unwrap().to_string(), "a signature of Org2MSP.admin");

    let two = signed(admission, &["Org1MSP.admin", "Org2MSP.admin"]);
    let next = current.apply(&two, &Spelled, now()).unwrap().into_current();
    assert_eq!(next.config().sequence, 8);
    assert_eq!(next.channel().application_org("Org3MSP"), Some("Org3"));
    // The same update does not fit a second time, nor another channel.
    assert_eq!(next.propose(&two, &Spelled).unwrap_err().word(), "read-version");
    let other = Current::load("other", network(), now()).unwrap();
    assert_eq!(other.propose(&two, &Spelled).unwrap_err().word(), "channel-mismatch");
    // As orderers send it.
    let envelope = ConfigEnvelope {
        config: Some(next.config().clone()),
        last_update: Some(two.to_envelope(Vec::new())),
    };
    assert_eq!(current.validate(&envelope, &Spelled), Ok(()));
    let later = ConfigEnvelope {
        config: Some(Config { sequence: 9, ..next.config().clone() }),
        ..envelope
    };
    assert_eq!(current.validate(&later, &Spelled).unwrap_err().word(), "sequence");
}

#[test]
fn an_msp_that_stays_is_not_set_up_anew_and_judges_the_same() {
    let current = current(&network());
    let renamed = changed(current.config(), |root| {
        let org = at(root, &["Application", "Org2"]);
        org.values.insert("MSP".into(), msp_value(&msp("Org2MSP", &CAS[2])));
    });
    let next = current.channel().load_next(&renamed, now()).unwrap();
    let fresh = Channel::load(&renamed, now()).unwrap();
    for (a, b) in next.msps().iter().zip(fresh.msps().iter()) {
        assert_eq!((a.id(), a.roots().collect::<Vec<_>>()), (b.id(), b.roots().collect()));
    }
    // Another version of the rules sets up everything anew.
    let older = changed(current.config(), |root| {
        root.values.insert("Capabilities".into(), crate::channel::testing::capabilities("V1_4_2"));
    });
    assert_ne!(current.channel().load_next(&older, now()).unwrap().version(), next.version());
    let broken = changed(current.config(), |root| {
        let org = at(root, &["Application", "Org2"]);
        org.values.insert("MSP".into(), msp_value(&msp("Org1MSP", &CAS[2])));
    });
    let why = current.channel().load_next(&broken, now()).unwrap_err();
    assert_eq!(why.word(), "msp-conflict");
}

#[test]
fn an_update_moves_past_what_it_does_not_touch() {
    let base = network();
    let (old, moved) = (current(&base), current(&with_peer(&base, "Org2", "peer0.org2")));
    let admission = signed(update(&base, &with_org3(&base)), &[]);
    let rebased = rebase(&admission, &old, &moved).unwrap();
    let words: Vec<String> = rebased.meanwhile.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["the value /Channel/Application/Org2/AnchorPeers is new: peer0.org2:7051"]);
    let both = signed(rebased.update, &["Org1MSP.admin", "Org2MSP.admin"]);
    assert!(moved.apply(&both, &Spelled, now()).is_ok());
    let peer = signed(update(&base, &with_peer(&base, "Org2", "another")), &[]);
    let why = rebase(&peer, &old, &moved).unwrap_err();
    assert_eq!(
        why.to_string(),
        "the update touches the value /Channel/Application/Org2/AnchorPeers, which has changed in the meantime"
    );
    assert!(matches!(rebase(&peer, &moved, &old), Err(RebaseError::NotOfOld(_))));
}

#[test]
fn a_channel_that_locks_itself_out_is_told() {
    let base = network();
    let told = outlooks(current(&base).channel(), current(&base).root(), now());
    assert_eq!((told.locked().count(), told.frozen.len()), (0, 0));
    let admins =
        told.policies.iter().find(|it| it.policy == "/Channel/Application/Admins").unwrap();
    assert!(
        matches!(&admins.standing, Standing::Until(end, _) if end.to_string().starts_with("2060"))
    );

    let locked = changed(&base, |root| {
        let application = at(root, &["Application"]);
        // Without NodeOUs nobody is an administrator but those who are listed.
        let mut bare = msp("Org2MSP", &CAS[1]);
        bare.fabric_node_ous = None;
        let key = rcgen::KeyPair::generate().unwrap();
        let admin = rcgen::CertificateParams::new(Vec::new()).unwrap();
        let admin = admin.signed_by(&key, &CAS[1].issuer).unwrap();
        bare.admins = vec![admin.pem().into_bytes()];
        let org2 = at(application, &["Org2"]);
        org2.values.insert("MSP".into(), msp_value(&bare));
        org2.policies.insert("Admins".into(), policy("OutOf(2, 'Org2MSP.admin', 'Org2MSP.admin')"));
        application.policies.insert("Admins".into(), policy("ALL Admins"));
        application.values.get_mut("Capabilities").unwrap().mod_policy = "Nobody".into();
        application.groups.insert("Empty".into(), group(&[]));
        application.groups.remove("Empty");
    });
    let current = current(&locked);
    let told = outlooks(current.channel(), current.root(), now());
    let names: Vec<&str> = told.locked().map(|it| it.policy.as_str()).collect();
    assert!(names.contains(&"/Channel/Application/Admins"), "{names:?}");
    assert!(names.contains(&"/Channel/Application/Org2/Admins"), "{names:?}");
    let own = told.locked().find(|it| it.policy.ends_with("Org2/Admins")).unwrap();
    let only = Standing::Locked("Org2MSP.admin: there are only 1".into());
    assert_eq!((&own.standing, own.guards.as_ref().unwrap().0), (&only, 6));
    assert_eq!(told.frozen[0].element.path, "/Channel/Application/Capabilities");
    // Peers of such an organization do not exist either.
    assert!(names.contains(&"/Channel/Application/Org2/Endorsement"), "{names:?}");
}
