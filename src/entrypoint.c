/* What the package's shared library shows to R, and what its Rust half needs from C.
 *
 * R looks for R_init_kmsr when it loads the library. Calling the Rust half's own registration from here also keeps
 * the linker from dropping the static library, which nothing else refers to. */
#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>
#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>

void R_init_kmsr_extendr(DllInfo *dll);
void kmsr_init_guard(DllInfo *dll);

void attribute_visible R_init_kmsr(DllInfo *dll) {
    R_init_kmsr_extendr(dll);
    kmsr_init_guard(dll);
}

static SEXP check(void *unused) {
    (void) unused;
    R_CheckUserInterrupt();
    return R_NilValue;
}

static SEXP keep(SEXP condition, void *kept) {
    R_PreserveObject(condition);
    *(SEXP *) kept = condition;
    return R_NilValue;
}

static void check_keeping_errors(void *kept) {
    R_tryCatchError(check, NULL, keep, kept);
}

/* Whether R wants a wait to end: 1 if so, 0 if not.
 *
 * Called from Rust while it waits for an answer. R_CheckUserInterrupt() leaves by a long jump when an interrupt is
 * pending, or a time limit reached; R_ToplevelExec() catches the jump, so that no Rust frame is ever jumped over. An error
 * is kept in *error, which the caller has to release; without one it was an interrupt. Both are used up by being noticed:
 * whoever asked has to raise them again on the R side. Main thread only. */
int attribute_hidden kmsr_stopped(SEXP *error) {
    *error = NULL;
    return R_ToplevelExec(check_keeping_errors, error) == FALSE || *error != NULL;
}
