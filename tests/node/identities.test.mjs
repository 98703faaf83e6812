import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, attributes, connect, enroll, fresh, member, refused } from './client.mjs';

const ca = connect();
const identities = ca.newIdentityService();
let registrar;
before(async () => {
  registrar = await admin(ca);
});

async function created(more = {}) {
  const enrollmentID = fresh('identity');
  const request = { enrollmentID, affiliation: 'org1', type: 'client', maxEnrollments: -1, ...more };
  return { id: enrollmentID, secret: await identities.create(request, registrar) };
}

test('an identity is created, read, changed and removed', async () => {
  const who = await created({ attrs: [{ name: 'color', value: 'red', ecert: true }], enrollmentSecret: 'first' });
  assert.equal(ca.status, 201);
  assert.equal(who.secret, 'first');

  let { result } = await identities.getOne(who.id, registrar);
  assert.equal(ca.status, 200);
  assert.equal(result.id, who.id);
  assert.equal(result.type, 'client');
  assert.equal(result.affiliation, 'org1');
  assert.equal(result.max_enrollments, -1);
  assert.equal(result.secret, undefined);
  const named = Object.fromEntries(result.attrs.map((attr) => [attr.name, attr]));
  assert.deepEqual(named.color, { name: 'color', value: 'red', ecert: true });
  assert.deepEqual(named['hf.Type'], { name: 'hf.Type', value: 'client', ecert: true });

  const change = {
    type: 'peer',
    affiliation: 'org2',
    maxEnrollments: 5,
    enrollmentSecret: 'second',
    attrs: [{ name: 'color', value: '' }, { name: 'size', value: '9', ecert: true }],
  };
  ({ result } = await identities.update(who.id, change, registrar));
  assert.equal(result.type, 'peer');
  assert.equal(result.affiliation, 'org2');
  assert.equal(result.max_enrollments, 5);
  assert.ok(!result.attrs.some((attr) => attr.name === 'color'));

  await refused(ca, '401/20', () => enroll(ca, who.id, 'first'));
  const { certificate } = await enroll(ca, who.id, 'second');
  assert.deepEqual(attributes(certificate), {
    'hf.Affiliation': 'org2',
    'hf.EnrollmentID': who.id,
    'hf.Type': 'peer',
    size: '9',
  });

  ({ result } = await identities.delete(who.id, registrar));
  assert.equal(result.id, who.id);
  await refused(ca, '404/63', () => identities.getOne(who.id, registrar));
  await refused(ca, '401/20', () => enroll(ca, who.id, 'second'));
});

test('the list holds everybody in scope', async () => {
  const who = await created();
  const { result } = await identities.getAll(registrar);
  assert.equal(ca.status, 200);
  const ids = result.identities.map((identity) => identity.id);
  assert.ok(ids.includes('admin') && ids.includes(who.id));

  const attrs = [{ name: 'hf.Registrar.Roles', value: 'client' }];
  const narrow = await member(ca, registrar, { attrs });
  const seen = (await identities.getAll(narrow.user)).result.identities;
  assert.ok(seen.some((identity) => identity.id === narrow.id));
  for (const identity of seen) {
    assert.equal(identity.type, 'client');
    assert.match(identity.affiliation, /^org1\.department1($|\.)/);
  }
});

test('a removed identity is gone from every door', async () => {
  const who = await member(ca, registrar);
  await identities.delete(who.id, registrar);
  await refused(ca, '401/20', () => ca.reenroll(who.user));
  // The name is free again.
  await identities.create({ enrollmentID: who.id, affiliation: 'org1' }, registrar);
});

test('taken, unknown and misplaced names are told apart', async () => {
  const who = await created();
  const again = { enrollmentID: who.id, affiliation: 'org1' };
  await refused(ca, '409/74', () => identities.create(again, registrar));
  await refused(ca, '404/63', () => identities.getOne('nobody-here', registrar));
  await refused(ca, '404/63', () => identities.update('nobody-here', { type: 'peer' }, registrar));
  await refused(ca, '404/63', () => identities.delete('nobody-here', registrar));
  await refused(ca, '400/58', () => identities.update(who.id, { affiliation: 'org9' }, registrar));
  await refused(ca, '403/71', () => identities.create({ enrollmentID: fresh('x'), affiliation: 'org9' }, registrar));
});

test('who is no registrar sees and changes nobody', async () => {
  const who = await member(ca, registrar);
  await refused(ca, '403/71', () => identities.getAll(who.user));
  await refused(ca, '403/71', () => identities.getOne('admin', who.user));
  await refused(ca, '403/71', () => identities.create({ enrollmentID: fresh('x'), affiliation: 'org1' }, who.user));
  await refused(ca, '403/71', () => identities.update('admin', { type: 'peer' }, who.user));
  await refused(ca, '403/71', () => identities.delete('admin', who.user));
});

test('nobody removes themselves by accident', async () => {
  const attrs = [{ name: 'hf.Registrar.Roles', value: '*' }];
  const who = await member(ca, registrar, { attrs });
  await refused(ca, '403/56', () => identities.delete(who.id, who.user));
  await identities.delete(who.id, who.user, true);
  await refused(ca, '401/20', () => identities.getOne(who.id, who.user));
});
