/* SPDX-License-Identifier: MIT */
/* BUILD: libssl libcrypto */
/*
 * openssl_quiet.c - what OpenSSL does by itself in many threads is no race of the program.
 *
 * Clients and servers shake hands over memory in eight threads that share two contexts, their session cache and one certificate;
 * others fetch algorithms, raise errors and look up object names, all at once and from a cold start. A detached thread is not
 * waited for. All tables involved are libcrypto's and libssl's, behind their own locks and once controls. (OBJ_create is missing
 * on purpose: its table has no lock in 3.0, two threads in it crash, and librace says so.)
 */
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "family.h"

enum { THREADS = 8, ROUNDS = 6 };
static SSL_CTX *server_context, *client_context;
static pthread_barrier_t barrier;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s failed\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static void *fetch(void *arg)
{
	static const char *const ciphers[] = { "AES-128-GCM", "AES-256-CBC", "CHACHA20-POLY1305", "AES-256-GCM" };
	static const char *const digests[] = { "SHA256", "SHA512", "SHA3-256", "BLAKE2b512" };
	long me = (long)arg;

	pthread_barrier_wait(&barrier);
	for (long i = me; i < me + 40; i++) {
		EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ciphers[i % 4], NULL);
		EVP_MD *md = EVP_MD_fetch(NULL, digests[i % 4], i % 3 ? NULL : "provider=default");
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		unsigned char out[EVP_MAX_MD_SIZE];
		unsigned n;

		must(cipher && md && context, "fetch");
		must(EVP_DigestInit_ex(context, md, NULL) && EVP_DigestUpdate(context, out, 0) &&
		     EVP_DigestFinal_ex(context, out, &n), "digest");
		EVP_MD_CTX_free(context);
		EVP_MD_free(md);
		EVP_CIPHER_free(cipher);
		must(OBJ_txt2nid("commonName") != NID_undef && EVP_get_cipherbyname("aes-128-cbc") != NULL, "names");
		ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
		must(ERR_reason_error_string(ERR_get_error()) != NULL, "error string");
		must(EVP_MD_fetch(NULL, "no such digest", NULL) == NULL, "fetch of nothing");
		ERR_clear_error();
	}
	return NULL;
}

/* One step of one side: what it has to say goes to the other's memory. */
static int step(SSL *ssl)
{
	int got = SSL_do_handshake(ssl), why = SSL_get_error(ssl, got);

	must(got == 1 || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE, "handshake");
	return got == 1;
}

static SSL_SESSION *shake_hands(SSL_SESSION *session)
{
	SSL *server = SSL_new(server_context), *client = SSL_new(client_context);
	BIO *one = NULL, *two = NULL;
	char text[16] = "";
	int done = 0;

	must(server && client && BIO_new_bio_pair(&one, 0, &two, 0), "SSL_new");
	SSL_set_bio(server, one, one);
	SSL_set_bio(client, two, two);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	if (session)
		must(SSL_set_session(client, session), "SSL_set_session");
	SSL_SESSION_free(session);
	while (done != 3)
		done = step(client) | step(server) << 1;
	must(SSL_write(server, "hello", 6) == 6 && SSL_read(client, text, sizeof text) == 6 && !strcmp(text, "hello"), "talk");
	session = SSL_get1_session(client);
	SSL_shutdown(client);
	SSL_shutdown(server);
	SSL_free(client);
	SSL_free(server);
	return session;
}

static void *talk(void *arg)
{
	SSL_SESSION *session = NULL;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++) {
		session = shake_hands(session);
		must(SSL_CTX_sess_number(server_context) <= 4 + THREADS, "number of sessions");
	}
	SSL_SESSION_free(session);
	return arg;
}

static void *cold(void *arg)
{
	EVP_MD_free(EVP_MD_fetch(NULL, "MD5", NULL));
	gate_open(&a_done);
	return arg;
}

static void make_contexts(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	must(key && certificate, "key");
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)"here", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	must(X509_sign(certificate, key, EVP_sha256()), "X509_sign");
	server_context = SSL_CTX_new(TLS_server_method());
	client_context = SSL_CTX_new(TLS_client_method());
	must(server_context && client_context && SSL_CTX_use_certificate(server_context, certificate) &&
	     SSL_CTX_use_PrivateKey(server_context, key), "SSL_CTX_new");
	SSL_CTX_set_session_id_context(server_context, (const unsigned char *)"here", 4);
	SSL_CTX_set_session_cache_mode(server_context, SSL_SESS_CACHE_SERVER);
	SSL_CTX_set_options(server_context, SSL_OP_NO_TICKET); /* sessions in the server's table */
	SSL_CTX_sess_set_cache_size(server_context, 4);
	SSL_CTX_set_session_cache_mode(client_context, SSL_SESS_CACHE_CLIENT);
	EVP_PKEY_free(key);
	X509_free(certificate);
}

static void all(void *(*f)(void *))
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, f, (void *)i));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL));
	pthread_barrier_destroy(&barrier);
}

int main(void)
{
	pthread_t detached;

	all(fetch); /* nothing of OpenSSL is initialised yet */
	make_contexts();
	all(talk);
	MUST(pthread_create(&detached, NULL, cold, NULL));
	MUST(pthread_detach(detached));
	gate_wait(&a_done, 1);
	SSL_CTX_free(client_context);
	SSL_CTX_free(server_context);
	return 0;
}
