import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, attributes, connect, enroll, fresh, member, parse, refused, serialOf, userOf } from './client.mjs';

const ca = connect();
let registrar;
before(async () => {
  registrar = await admin(ca);
});

const roots = (chain) => chain.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);

test('an administrator enrolls and gets a certificate of this CA', async () => {
  const { certificate, rootCertificate } = await enroll(ca, 'admin', 'adminpw');
  assert.equal(ca.status, 201);
  const leaf = parse(certificate);
  const issuer = parse(roots(rootCertificate)[0]);
  assert.match(leaf.subject, /CN=admin$/m);
  assert.ok(leaf.checkIssued(issuer));
  assert.ok(leaf.verify(issuer.publicKey));
  assert.equal(leaf.ca, false);
});

test('the CA tells its name, its chain and a version', async () => {
  const info = await ca.getCaInfo(registrar);
  assert.ok(info.caName.length > 0);
  const chain = roots(info.caChain).map(parse);
  const top = chain[chain.length - 1];
  assert.ok(top.verify(top.publicKey), 'the chain ends in a root');
  // SDKs for Java fall back to replayable tokens for these.
  assert.doesNotMatch(info.version, /^$|^1\.[123]\./);
});

test('a wrong secret and an unknown name are one answer', async () => {
  const wrong = await refused(ca, '401/20', () => enroll(ca, 'admin', 'wrong'));
  const unknown = await refused(ca, '401/20', () => enroll(ca, fresh('nobody'), 'adminpw'));
  assert.equal(wrong, unknown);
});

test('an unknown CA is told', async () => {
  const other = connect('no-such-ca');
  await refused(other, '404/19', () => enroll(other, 'admin', 'adminpw'));
});

test('the common name is the enrollment ID or nothing is issued', async () => {
  await refused(ca, '403/77', () => enroll(ca, 'admin', 'adminpw', { subject: 'CN=someone-else' }));
});

test('a request that is no PEM is refused', async () => {
  await refused(ca, '400/31', () => ca.enroll({ enrollmentID: 'admin', enrollmentSecret: 'adminpw', csr: 'x' }));
});

test('the tls profile is for servers and clients', async () => {
  const { certificate } = await enroll(ca, 'admin', 'adminpw', { profile: 'tls' });
  assert.deepEqual(parse(certificate).keyUsage.toSorted?.() ?? [...parse(certificate).keyUsage].sort(), [
    '1.3.6.1.5.5.7.3.1',
    '1.3.6.1.5.5.7.3.2',
  ]);
});

test('an unknown profile is refused', async () => {
  await refused(ca, '400/0', () => enroll(ca, 'admin', 'adminpw', { profile: 'no-such-profile' }));
});

test('attributes asked for are in the certificate, others are not', async () => {
  const attrs = [
    { name: 'asked', value: '<1 & 2>' },
    { name: 'kept', value: 'back' },
    { name: 'flagged', value: 'yes', ecert: true },
  ];
  const who = await member(ca, registrar, { attrs });
  assert.deepEqual(attributes(who.certificate), {
    flagged: 'yes',
    'hf.Affiliation': 'org1.department1',
    'hf.EnrollmentID': who.id,
    'hf.Type': 'client',
  });
  const attr_reqs = [{ name: 'asked' }, { name: 'absent', optional: true }];
  const { certificate } = await enroll(ca, who.id, who.secret, { attr_reqs });
  assert.deepEqual(attributes(certificate), { asked: '<1 & 2>' });
  await refused(ca, '400/0', () => enroll(ca, who.id, who.secret, { attr_reqs: [{ name: 'absent', optional: false }] }));
});

test('organizational units are the type and the affiliation', async () => {
  const who = await member(ca, registrar, { role: 'peer', affiliation: 'org2.department1' });
  const { subject } = parse(who.certificate);
  for (const unit of ['peer', 'org2', 'department1']) assert.match(subject, new RegExp(`OU=${unit}`));
  assert.equal(subject.match(/OU=/g).length, 3);
});

test('enrollments are counted', async () => {
  const enrollmentID = fresh('once');
  const enrollmentSecret = await ca.register({ enrollmentID, affiliation: 'org1', maxEnrollments: 1 }, registrar);
  await enroll(ca, enrollmentID, enrollmentSecret);
  await refused(ca, '401/20', () => enroll(ca, enrollmentID, enrollmentSecret));
});

test('reenrolling gives another certificate to the same identity', async () => {
  const who = await member(ca, registrar, { maxEnrollments: 1 });
  const again = await ca.reenroll(who.user);
  assert.equal(ca.status, 201);
  assert.notEqual(serialOf(again.certificate), serialOf(who.certificate));
  assert.equal(parse(again.certificate).subject, parse(who.certificate).subject);
  // The new one is as good as the old one.
  await ca.reenroll(await userOf(who.id, again));
});

test('a revoked certificate does not reenroll', async () => {
  const who = await member(ca, registrar);
  await ca.revoke({ enrollmentID: who.id, reason: 'keycompromise' }, registrar);
  await refused(ca, '401/20', () => ca.reenroll(who.user));
});

test('a token over another key is refused', async () => {
  const [one, other] = [await member(ca, registrar), await member(ca, registrar)];
  const forged = await userOf(one.id, { key: other.key, certificate: one.certificate });
  await refused(ca, '401/20', () => ca.reenroll(forged));
});
