import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, connect, member, refused, serialOf } from './client.mjs';

const ca = connect();
const certificates = ca.newCertificateService();
let registrar;
before(async () => {
  registrar = await admin(ca);
});

const serials = async (request) => {
  const { result } = await certificates.getCertificates(request, registrar);
  return result.certs.map((one) => serialOf(one.PEM)).sort();
};

test('certificates are listed by their owner, serial and state', async () => {
  const who = await member(ca, registrar);
  const second = await ca.reenroll(who.user);
  const both = [serialOf(who.certificate), serialOf(second.certificate)].sort();
  assert.deepEqual(await serials({ id: who.id }), both);
  assert.equal(ca.status, 200);
  assert.deepEqual(await serials({ serial: both[0].toUpperCase() }), [both[0]]);
  assert.deepEqual(await serials({ id: who.id, notrevoked: true, notexpired: true }), both);
  assert.deepEqual(await serials({ id: who.id, expired_start: '+1d', expired_end: '+3650d' }), both);
  assert.deepEqual(await serials({ id: who.id, expired_end: '+1d' }), []);

  await ca.revoke({ enrollmentID: who.id }, registrar);
  assert.deepEqual(await serials({ id: who.id, notrevoked: true }), []);
  assert.deepEqual(await serials({ id: who.id, revoked_start: '-1h' }), both);
  assert.deepEqual(await serials({ id: who.id, revoked_start: '+1h' }), []);
});

test('a query that says nothing sensible is refused', async () => {
  const get = (request) => () => certificates.getCertificates(request, registrar);
  await refused(ca, '400/67', get({ revoked_start: 'yesterday' }));
  await refused(ca, '400/67', get({ expired_end: '+1y' }));
  await refused(ca, '400/67', get({ notrevoked: true, revoked_start: '-1h' }));
  await refused(ca, '400/67', get({ notexpired: true, expired_start: '-1h' }));
});

test('the list ends at the affiliation of the caller', async () => {
  const attrs = [{ name: 'hf.Revoker', value: 'true' }];
  const narrow = await member(ca, registrar, { attrs, affiliation: 'org2' });
  const other = await member(ca, registrar, { affiliation: 'org1' });
  const { result } = await certificates.getCertificates({}, narrow.user);
  const seen = result.certs.map((one) => serialOf(one.PEM));
  assert.ok(seen.includes(serialOf(narrow.certificate)));
  assert.ok(!seen.includes(serialOf(other.certificate)));
});

test('who holds no office sees no certificates', async () => {
  const { user } = await member(ca, registrar);
  await refused(ca, '403/71', () => certificates.getCertificates({}, user));
});
