import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, connect, enroll, fresh, member, refused } from './client.mjs';

const ca = connect();
let registrar;
before(async () => {
  registrar = await admin(ca);
});

test('a given secret is kept, a generated one is told', async () => {
  const enrollmentID = fresh('given');
  const request = { enrollmentID, enrollmentSecret: 'chosen secret', affiliation: 'org1', maxEnrollments: -1 };
  assert.equal(await ca.register(request, registrar), 'chosen secret');
  assert.equal(ca.status, 201);
  await enroll(ca, enrollmentID, 'chosen secret');

  const other = fresh('generated');
  const secret = await ca.register({ enrollmentID: other, affiliation: 'org1' }, registrar);
  assert.ok(secret.length >= 12);
  await enroll(ca, other, secret);
});

test('a taken name is refused', async () => {
  const enrollmentID = fresh('taken');
  await ca.register({ enrollmentID, affiliation: 'org1' }, registrar);
  const message = await refused(ca, '409/74', () => ca.register({ enrollmentID, affiliation: 'org1' }, registrar));
  // Sample code in the wild looks for these words.
  assert.match(message, /is already registered/);
});

test('an unknown affiliation is refused', async () => {
  await refused(ca, '403/71', () => ca.register({ enrollmentID: fresh('lost'), affiliation: 'org9' }, registrar));
});

test('who is no registrar registers nobody', async () => {
  const { user } = await member(ca, registrar);
  await refused(ca, '403/71', () => ca.register({ enrollmentID: fresh('x'), affiliation: 'org1' }, user));
});

test('a registrar gives what it has and no more', async () => {
  const attrs = [
    { name: 'hf.Registrar.Roles', value: 'client' },
    { name: 'hf.Registrar.Attributes', value: 'color,size.*' },
  ];
  const { user } = await member(ca, registrar, { attrs });
  const ask = (more) => ({ enrollmentID: fresh('below'), affiliation: 'org1.department1', role: 'client', ...more });
  await ca.register(ask({ attrs: [{ name: 'size.x', value: '1' }] }), user);
  await refused(ca, '403/71', () => ca.register(ask({ attrs: [{ name: 'shape', value: '1' }] }), user));
  await refused(ca, '403/71', () => ca.register(ask({ role: 'peer' }), user));
  await refused(ca, '403/71', () => ca.register(ask({ affiliation: 'org2' }), user));
  await refused(ca, '403/71', () => ca.register(ask({ attrs: [{ name: 'hf.Revoker', value: 'true' }] }), user));
});

test('attributes of the CA itself cannot be given', async () => {
  const attrs = [{ name: 'hf.EnrollmentID', value: 'someone' }];
  await refused(ca, '403/71', () => ca.register({ enrollmentID: fresh('x'), affiliation: 'org1', attrs }, registrar));
});

test('a senseless number of enrollments is refused', async () => {
  const request = { enrollmentID: fresh('x'), affiliation: 'org1', maxEnrollments: -2 };
  await refused(ca, '400/82', () => ca.register(request, registrar));
});
