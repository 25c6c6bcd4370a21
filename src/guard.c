/* An R object that refuses to be serialised.
 *
 * R offers no hook for "do not save this", but it asks an ALTREP object for the state to write in its place. The guard
 * is such an object, carried inside every key material object: whoever saves the one asks the other, and the answer is
 * an error that says why. */
#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>
#include <R_ext/Altrep.h>
#include <R_ext/Visibility.h>

static R_altrep_class_t guard_class;

/* Raised by an R function, so that it is a classed condition. Only R's own frames are jumped over. */
static SEXP refuse(SEXP guard) {
    (void) guard;
    SEXP name = PROTECT(Rf_mkString("kmsr"));
    SEXP namespace = PROTECT(R_FindNamespace(name));
    SEXP call = PROTECT(Rf_lang1(Rf_install("abort_serialized")));
    Rf_eval(call, namespace);
    UNPROTECT(3);
    return R_NilValue;
}

/* A copy guards as well as the original. */
static SEXP duplicate(SEXP guard, Rboolean deep) {
    (void) deep;
    return guard;
}

static R_xlen_t length(SEXP guard) {
    (void) guard;
    return 1;
}

static int element(SEXP guard, R_xlen_t index) {
    (void) guard;
    (void) index;
    return NA_INTEGER;
}

static void *data(SEXP guard, Rboolean writeable) {
    (void) guard;
    (void) writeable;
    static int value;
    value = NA_INTEGER;
    return &value;
}

/* Called once, when the library is loaded. */
void attribute_hidden kmsr_init_guard(DllInfo *dll) {
    guard_class = R_make_altinteger_class("guard", "kmsr", dll);
    R_set_altrep_Serialized_state_method(guard_class, refuse);
    R_set_altrep_Duplicate_method(guard_class, duplicate);
    R_set_altrep_Length_method(guard_class, length);
    R_set_altvec_Dataptr_method(guard_class, data);
    R_set_altinteger_Elt_method(guard_class, element);
}

/* A guard. Called from Rust on R's thread. */
SEXP attribute_hidden kmsr_guard(void) {
    return R_new_altrep(guard_class, R_NilValue, R_NilValue);
}
