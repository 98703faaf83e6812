/*
 * A PKCS#11 module that stands before another one and fails when it is told to. For tests only.
 *
 * FAULTY_PKCS11_REAL names the module behind it; FAULTY_PKCS11_CONTROL a file of 64-bit words that a test
 * writes while the module runs (tests/faults/module.rs): for each function how often it was called, and
 * what is to go wrong, with which argument, how many times.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/* In the order of `Function` in module.rs. */
enum function {
  ANY,
  INITIALIZE,
  FINALIZE,
  GET_SLOT_LIST,
  GET_TOKEN_INFO,
  OPEN_SESSION,
  CLOSE_SESSION,
  GET_SESSION_INFO,
  LOGIN,
  FIND_OBJECTS_INIT,
  FIND_OBJECTS,
  GET_ATTRIBUTE_VALUE,
  SIGN_INIT,
  SIGN,
  FUNCTIONS
};

/* In the order of `Fault` in module.rs. */
enum kind {
  NONE,
  RETURN,          /* the argument is returned, nothing is done */
  HANG,            /* until the fault is cleared */
  HANG_FOR_EVER,
  CRASH,
  DONE_BUT_FAILED, /* done, and the argument is returned all the same */
  NOTHING_FOUND,
  OTHER_KEY,
  OTHER_MESSAGE,
  FLIPPED_BIT,
  ZERO_R,
  HIGH_S,
  CUT_SHORT
};

struct entry {
  uint64_t calls;
  uint64_t kind;
  uint64_t argument;
  int64_t times; /* -1: until it is cleared */
};

static CK_FUNCTION_LIST list;
static CK_FUNCTION_LIST *real;
static struct entry *control;

/* What the operation of a session is, by the lower bits of its handle. */
static CK_MECHANISM_TYPE mechanisms[1 << 16];
#define MECHANISM(session) mechanisms[(session) & ((1 << 16) - 1)]

static const uint8_t P256_ORDER[32] = {
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

static uint64_t planned(enum function function)
{
  if (__atomic_load_n(&control[function].times, __ATOMIC_SEQ_CST) == 0)
    return NONE;
  return __atomic_load_n(&control[function].kind, __ATOMIC_SEQ_CST);
}

/* Uses up one of the times that a fault is to happen; false when none is left. */
static int take(enum function function)
{
  int64_t times = __atomic_load_n(&control[function].times, __ATOMIC_SEQ_CST);
  while (times > 0) {
    if (__atomic_compare_exchange_n(&control[function].times, &times, times - 1, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
      return 1;
  }
  return times < 0;
}

static void wait_a_moment(void)
{
  struct timespec moment = { 0, 2000000 };
  nanosleep(&moment, NULL);
}

/* Does what can happen to any function; true when it returns `*rv` at once. */
static int struck(enum function function, CK_RV *rv)
{
  uint64_t kind = planned(function);
  switch (kind) {
  case RETURN:
    if (!take(function))
      return 0;
    *rv = control[function].argument;
    return 1;
  case HANG:
    if (take(function))
      while (__atomic_load_n(&control[function].kind, __ATOMIC_SEQ_CST) == HANG)
        wait_a_moment();
    return 0;
  case HANG_FOR_EVER:
    if (take(function))
      for (;;)
        pause();
    return 0;
  case CRASH:
    if (take(function))
      *(volatile int *)NULL = 0;
    return 0;
  default:
    return 0;
  }
}

static int enter(enum function function, CK_RV *rv)
{
  __atomic_add_fetch(&control[function].calls, 1, __ATOMIC_SEQ_CST);
  return struck(ANY, rv) || struck(function, rv);
}

#define ENTER(function)       \
  do {                        \
    CK_RV rv;                 \
    if (enter(function, &rv)) \
      return rv;              \
  } while (0)

static CK_RV initialize(void *arguments)
{
  ENTER(INITIALIZE);
  return real->C_Initialize(arguments);
}

/* What is to be closed is closed, whatever is said of it. */
static CK_RV finalize(void *reserved)
{
  CK_RV said, rv = real->C_Finalize(reserved);
  return enter(FINALIZE, &said) ? said : rv;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
  ENTER(GET_SLOT_LIST);
  return real->C_GetSlotList(present, slots, count);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
  ENTER(GET_TOKEN_INFO);
  return real->C_GetTokenInfo(slot, info);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
  ENTER(OPEN_SESSION);
  return real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
  CK_RV said, rv = real->C_CloseSession(session);
  return enter(CLOSE_SESSION, &said) ? said : rv;
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
  ENTER(GET_SESSION_INFO);
  return real->C_GetSessionInfo(session, info);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
  ENTER(LOGIN);
  return real->C_Login(session, user, pin, length);
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
  ENTER(FIND_OBJECTS_INIT);
  return real->C_FindObjectsInit(session, template, count);
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                          CK_ULONG *count)
{
  ENTER(FIND_OBJECTS);
  if (planned(FIND_OBJECTS) == NOTHING_FOUND && take(FIND_OBJECTS)) {
    *count = 0;
    return CKR_OK;
  }
  return real->C_FindObjects(session, objects, most, count);
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *template, CK_ULONG count)
{
  ENTER(GET_ATTRIBUTE_VALUE);
  return real->C_GetAttributeValue(session, object, template, count);
}

/* Another private key of the same kind, or the same one when there is no other. */
static CK_OBJECT_HANDLE other_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_KEY_TYPE type = CKK_EC;
  CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof class }, { CKA_KEY_TYPE, &type, sizeof type } };
  CK_OBJECT_HANDLE found[16];
  CK_ULONG count = 0;
  if (real->C_FindObjectsInit(session, template, 2) != CKR_OK)
    return key;
  if (real->C_FindObjects(session, found, 16, &count) != CKR_OK)
    count = 0;
  real->C_FindObjectsFinal(session);
  for (CK_ULONG i = 0; i < count; i++)
    if (found[i] != key)
      return found[i];
  return key;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
  ENTER(SIGN_INIT);
  MECHANISM(session) = mechanism->mechanism;
  if (mechanism->mechanism == CKM_ECDSA && planned(SIGN_INIT) == OTHER_KEY && take(SIGN_INIT))
    key = other_key(session, key);
  return real->C_SignInit(session, mechanism, key);
}

/* n - s */
static void turn_over(uint8_t *s)
{
  int borrow = 0;
  for (int i = 31; i >= 0; i--) {
    int digit = P256_ORDER[i] - s[i] - borrow;
    borrow = digit < 0;
    s[i] = (uint8_t)(digit + (borrow ? 256 : 0));
  }
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature,
                  CK_ULONG *signature_length)
{
  ENTER(SIGN);
  uint64_t kind = planned(SIGN);
  /* Asking for the length is no signature; a MAC could not be told from a right one by anybody. */
  if (signature == NULL || MECHANISM(session) != CKM_ECDSA || kind < DONE_BUT_FAILED || !take(SIGN))
    return real->C_Sign(session, data, length, signature, signature_length);

  CK_BYTE other[64] = { 0 };
  if (kind == OTHER_MESSAGE && length <= sizeof other) {
    memcpy(other, data, length);
    other[0] ^= 1;
    data = other;
  }
  CK_RV rv = real->C_Sign(session, data, length, signature, signature_length);
  if (rv != CKR_OK)
    return rv;
  switch (kind) {
  case DONE_BUT_FAILED:
    return control[SIGN].argument;
  case FLIPPED_BIT:
    signature[*signature_length - 1] ^= 1;
    break;
  case ZERO_R:
    memset(signature, 0, *signature_length / 2);
    break;
  case HIGH_S:
    /* The half of the order begins with 0x7fffffff 0x80000000. */
    if (*signature_length == 64 && signature[32] < 0x7f)
      turn_over(signature + 32);
    break;
  case CUT_SHORT:
    *signature_length -= 1;
    break;
  default:
    break;
  }
  return CKR_OK;
}

static void prepare(void)
{
  const char *path = getenv("FAULTY_PKCS11_REAL"), *told = getenv("FAULTY_PKCS11_CONTROL");
  int file = told ? open(told, O_RDWR | O_CLOEXEC) : -1;
  void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
  void *map = file < 0 ? MAP_FAILED
                       : mmap(NULL, FUNCTIONS * sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file >= 0)
    close(file);
  if (module == NULL || map == MAP_FAILED)
    return;
  CK_RV (*get_list)(CK_FUNCTION_LIST **) = (CK_RV (*)(CK_FUNCTION_LIST **))dlsym(module, "C_GetFunctionList");
  if (get_list == NULL || get_list(&real) != CKR_OK)
    return;
  control = map;
  list = *real;
  list.C_Initialize = initialize;
  list.C_Finalize = finalize;
  list.C_GetSlotList = get_slot_list;
  list.C_GetTokenInfo = get_token_info;
  list.C_OpenSession = open_session;
  list.C_CloseSession = close_session;
  list.C_GetSessionInfo = get_session_info;
  list.C_Login = login;
  list.C_FindObjectsInit = find_objects_init;
  list.C_FindObjects = find_objects;
  list.C_GetAttributeValue = get_attribute_value;
  list.C_SignInit = sign_init;
  list.C_Sign = sign;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare);
  if (control == NULL)
    return CKR_GENERAL_ERROR;
  *out = &list;
  return CKR_OK;
}
