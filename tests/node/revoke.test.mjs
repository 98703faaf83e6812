import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { admin, authorityKeyId, connect, enroll, member, refused, serialOf } from './client.mjs';

const ca = connect();
let registrar;
before(async () => {
  registrar = await admin(ca);
});

const certificateOf = (pem) => ({ serial: serialOf(pem), aki: authorityKeyId(pem) });

function serialsOn(crl) {
  const input = Buffer.from(crl, 'base64');
  const text = execFileSync('openssl', ['crl', '-noout', '-text'], { input, encoding: 'utf8' });
  return [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map((found) => found[1].toLowerCase().replace(/^0+/, ''));
}

test('an identity is revoked with all of its certificates, at once', async () => {
  const who = await member(ca, registrar);
  const second = await ca.reenroll(who.user);
  const answer = await ca.revoke({ enrollmentID: who.id, reason: 'keycompromise', gencrl: true }, registrar);
  assert.equal(ca.status, 200);
  const revoked = answer.result.RevokedCerts.map((one) => one.Serial).sort();
  const expected = [serialOf(who.certificate), serialOf(second.certificate)].sort();
  assert.deepEqual(revoked, expected);
  assert.equal(answer.result.RevokedCerts[0].AKI, authorityKeyId(who.certificate));
  for (const serial of expected) assert.ok(serialsOn(answer.result.CRL).includes(serial));

  await refused(ca, '401/20', () => ca.getCaInfo(who.user).then(() => ca.reenroll(who.user)));
  await refused(ca, '401/20', () => enroll(ca, who.id, who.secret));
});

test('revoking an identity again revokes nothing', async () => {
  const who = await member(ca, registrar);
  await ca.revoke({ enrollmentID: who.id }, registrar);
  const { result } = await ca.revoke({ enrollmentID: who.id, gencrl: true }, registrar);
  assert.deepEqual(result, { RevokedCerts: null, CRL: '' });
});

test('one certificate is revoked by serial and AKI, once', async () => {
  const who = await member(ca, registrar);
  const second = await enroll(ca, who.id, who.secret);
  const one = certificateOf(who.certificate);
  // As other SDKs write them: capitals, a leading zero.
  const capitals = { serial: `00${one.serial.toUpperCase()}`, aki: `0${one.aki.toUpperCase()}` };
  const { result } = await ca.revoke({ ...capitals, reason: 'superseded' }, registrar);
  assert.deepEqual(result.RevokedCerts, [{ Serial: one.serial, AKI: one.aki }]);
  await refused(ca, '404/66', () => ca.revoke(one, registrar));
  await refused(ca, '401/20', () => ca.reenroll(who.user));
  await ca.reenroll(second.user);
});

test('what is unknown or of another is not revoked', async () => {
  const [who, other] = [await member(ca, registrar), await member(ca, registrar)];
  const one = certificateOf(who.certificate);
  await refused(ca, '404/8', () => ca.revoke({ ...one, serial: 'abcdef' }, registrar));
  await refused(ca, '404/10', () => ca.revoke({ enrollmentID: 'nobody-here' }, registrar));
  await refused(ca, '400/9', () => ca.revoke({ ...one, enrollmentID: other.id }, registrar));
  await ca.reenroll(who.user);
});

test('who is no revoker revokes only themselves', async () => {
  const [who, other] = [await member(ca, registrar), await member(ca, registrar)];
  await refused(ca, '403/71', () => ca.revoke({ enrollmentID: other.id }, who.user));
  const { result } = await ca.revoke({ enrollmentID: who.id }, who.user);
  assert.equal(result.RevokedCerts.length, 1);
});

test('a CRL holds what was revoked, within the times asked', async () => {
  const who = await member(ca, registrar);
  await ca.revoke({ enrollmentID: who.id }, registrar);
  const serial = serialOf(who.certificate);
  assert.ok(serialsOn(await ca.generateCRL({}, registrar)).includes(serial));
  assert.equal(ca.status, 200);
  const [past, future] = [new Date(Date.now() - 3600e3), new Date(Date.now() + 3600e3)];
  const within = { revokedAfter: past, revokedBefore: future };
  assert.ok(serialsOn(await ca.generateCRL(within, registrar)).includes(serial));
  assert.ok(!serialsOn(await ca.generateCRL({ revokedBefore: past }, registrar)).includes(serial));
  assert.ok(!serialsOn(await ca.generateCRL({ expireBefore: future }, registrar)).includes(serial));

  await refused(ca, '400/36', () => ca.generateCRL({ revokedAfter: future, revokedBefore: past }, registrar));
  await refused(ca, '400/37', () => ca.generateCRL({ expireAfter: future, expireBefore: past }, registrar));
});

test('a CRL is for those who may make one', async () => {
  const { user } = await member(ca, registrar);
  await refused(ca, '403/71', () => ca.generateCRL({}, user));
});
