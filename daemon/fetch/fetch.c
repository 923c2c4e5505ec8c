/* SPDX-License-Identifier: Apache-2.0
 * The address is looked at when the socket for it is made: there is no second look-up that could give another one. */
#include "fetch/fetch.h"

#include "base/text.h"

#include <curl/curl.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_MILLISECONDS = 10000, ORIGINS = 16, AT_ONCE = 6 };

struct fetch_door {
	bool open;
	unsigned *under_way;
	size_t count;
	struct origin {
		const char *from, *to;
	} origins[ORIGINS];
};

struct request {
	struct skd_call *call;
	bool mapped, refused, large;
	bool head; /* nothing but the head is asked for */
	size_t most;
	struct text body;
};

static int door_close(struct fetch_door *door)
{
	(void)door;
	curl_global_cleanup();
	return 0;
}

struct fetch_door *fetch_open(void *owner)
{
	struct fetch_door *door = talloc_zero(owner, struct fetch_door);
	door->under_way = talloc_zero(door, unsigned);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	talloc_set_destructor(door, door_close);
	return door;
}

void fetch_open_public(struct fetch_door *door)
{
	door->open = true;
}

/* ---- which address ---- */

/* "SCHEME://HOST" or "SCHEME://HOST:PORT", and nothing behind it. */
static bool is_origin(const char *text, const char *scheme)
{
	size_t size = strlen(scheme);
	return strncmp(text, scheme, size) == 0 && text[size] && !strpbrk(text + size, "/?#@ \\");
}

static bool is_loopback(const char *origin)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
	for (int i = 0; i < 3; i++) {
		size_t size = strlen(hosts[i]);
		if (strncmp(origin, hosts[i], size) == 0 && (!origin[size] || origin[size] == ':'))
			return is_origin(origin, "http://");
	}
	return false;
}

enum skd_outcome fetch_map(struct skd_call *call, struct fetch_door *door, const char *words)
{
	const char *mark = strchr(words, '=');
	const char *from = talloc_strndup(door, words, mark ? (size_t)(mark - words) : 0);
	const char *to = mark ? talloc_strdup(door, mark + 1) : "";
	if (!is_origin(from, "https://") && !is_origin(from, "http://"))
		return fail(call, SKD_BAD_INPUT, "%s does not begin with an origin, as https://example.org=http://127.0.0.1:8080", words);
	if (!is_loopback(to))
		return fail(call, SKD_BAD_INPUT, "%s does not map to http on this machine, as http://127.0.0.1:8080", words);
	if (door->count == ORIGINS)
		return fail(call, SKD_BAD_INPUT, "more than %d origins are mapped", ORIGINS);
	door->origins[door->count++] = (struct origin){from, to};
	return SKD_OK;
}

static const char *mapped(struct skd_call *call, const struct fetch_door *door, const char *url)
{
	for (size_t i = 0; i < door->count; i++) {
		size_t size = strlen(door->origins[i].from);
		if (strncmp(url, door->origins[i].from, size) == 0 && (!url[size] || strchr("/?", url[size])))
			return talloc_asprintf(call, "%s%s", door->origins[i].to, url + size);
	}
	return NULL;
}

static bool may_connect(const struct request *request, const struct sockaddr *address)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	const uint8_t *four = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
	const uint8_t *six = (const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr;
	in_port_t port = address->sa_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port
						       : ((const struct sockaddr_in6 *)address)->sin6_port;
	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return false;
	if (!request->mapped)
		return port == htons(443) && fetch_is_public(address->sa_family, address->sa_family == AF_INET ? four : six);
	return address->sa_family == AF_INET ? four[0] == 127 : memcmp(six, loopback6, sizeof loopback6) == 0;
}

static curl_socket_t socket_open(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct request *request = self;
	if (purpose != CURLSOCKTYPE_IPCXN || !may_connect(request, &address->addr)) {
		request->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- the answer ---- */

static size_t body_take(char *bytes, size_t size, size_t count, void *self)
{
	struct request *request = self;
	request->large = size * count > request->most - request->body.size;
	if (request->large)
		return 0;
	text_add(&request->body, bytes, size * count);
	return size * count;
}

/* The end of the call cuts it short. */
static int progress_look(void *self, curl_off_t down, curl_off_t down_now, curl_off_t up, curl_off_t up_now)
{
	const struct request *request = self;
	(void)down, (void)down_now, (void)up, (void)up_now;
	return call_time_left(request->call) == 0;
}

static enum skd_outcome status_read(struct skd_call *call, const char *shown, long status)
{
	if (status == 200)
		return SKD_OK;
	if (status == 410)
		return fail(call, SKD_GONE, "%s is gone", shown);
	if (status >= 300 && status < 400)
		return fail(call, SKD_DENIED, "%s sends elsewhere, which is not followed", shown);
	return fail(call, status >= 500 ? SKD_BUSY : SKD_ABSENT, "%s answers %ld", shown, status);
}

static enum skd_outcome result_read(struct skd_call *call, const char *shown, const struct request *request, CURLcode code)
{
	if (request->refused)
		return fail(call, SKD_DENIED, "%s is at an address that is not public, or at a port other than 443, where nothing is fetched from", shown);
	if (request->large || code == CURLE_FILESIZE_EXCEEDED)
		return fail(call, SKD_DENIED, "%s has more than %zu bytes", shown, request->most);
	if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT || code == CURLE_LOGIN_DENIED)
		return fail(call, SKD_DENIED, "%s is no address of the kind https://host/path", shown);
	return code == CURLE_OK ? SKD_OK : fail(call, SKD_BUSY, "%s cannot be had: %s", shown, curl_easy_strerror(code));
}

static void request_set(CURL *curl, struct request *request, const char *url, long milliseconds)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, request->mapped ? "http" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->most);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "skillsd/" SKILLSD_VERSION);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, socket_open);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, request);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress_look);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, request);
	curl_easy_setopt(curl, CURLOPT_NOBODY, (long)request->head);
}

/* `status` is 0 when nothing was answered. */
static enum skd_outcome request_run(struct skd_call *call, struct request *request, const char *url, const char *shown, long *status)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/ld+json, application/json, */*;q=0.1");
	long left = call_time_left(call);
	*status = 0;
	if (!curl || !headers || left == 0) {
		curl_slist_free_all(headers);
		curl_easy_cleanup(curl);
		return fail(call, SKD_BUSY, "there is no time, or memory, to fetch %s", shown);
	}
	request_set(curl, request, url, left < MOST_MILLISECONDS ? left : MOST_MILLISECONDS);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return result_read(call, shown, request, code);
}

/* Where it is asked for, if it may be. */
static enum skd_outcome place_find(struct skd_call *call, const struct fetch_door *door, const char *url, struct request *request,
				   const char **place)
{
	const char *shown = text_whole(call, url), *at = mapped(call, door, url);
	request->call = call;
	request->mapped = at != NULL;
	*place = at ? at : url;
	if (!at && !door->open)
		return fail(call, SKD_ABSENT, "%s is not at hand, and nothing is fetched", shown);
	if (!at && strncmp(url, "https://", 8) != 0)
		return fail(call, SKD_DENIED, "%s is no address of the kind https://host/path", shown);
	text_begin(&request->body, call, 4096);
	return SKD_OK;
}

/* Slow servers hold up so many, and no more. */
static enum skd_outcome request_enter(struct skd_call *call, const struct fetch_door *door, struct request *request,
				      const char *url, const char *shown, long *status)
{
	enum skd_outcome outcome;
	if (__atomic_add_fetch(door->under_way, 1, __ATOMIC_RELAXED) > AT_ONCE)
		outcome = fail(call, SKD_BUSY, "%s is not fetched now, since others are: try again", shown);
	else
		outcome = request_run(call, request, url, shown, status);
	__atomic_sub_fetch(door->under_way, 1, __ATOMIC_RELAXED);
	return outcome;
}

enum skd_outcome fetch_get(struct skd_call *call, const struct fetch_door *door, const char *url, size_t most,
			   struct skd_text *bytes, bool *is_mapped)
{
	struct request request = {.most = most};
	const char *place;
	long status;
	enum skd_outcome outcome = place_find(call, door, url, &request, &place);
	*is_mapped = request.mapped;
	TRY(outcome);
	TRY(request_enter(call, door, &request, place, text_whole(call, url), &status));
	TRY(status_read(call, text_whole(call, url), status));
	*bytes = (struct skd_text){request.body.bytes, request.body.size};
	return SKD_OK;
}

enum skd_outcome fetch_look(struct skd_call *call, const struct fetch_door *door, const char *url, long *status)
{
	enum skd_outcome outcome = SKD_BUSY;
	const char *place;
	for (int head = 1; head >= 0; head--) {
		struct request request = {.head = head};
		TRY(place_find(call, door, url, &request, &place));
		outcome = request_run(call, &request, place, text_whole(call, url), status);
		if (outcome != SKD_OK && *status) { /* answered, and then cut off */
			call_forgive(call);
			outcome = SKD_OK;
		}
		if (outcome == SKD_DENIED || (outcome == SKD_OK && *status < 400) || call_time_left(call) == 0)
			return outcome;
		if (head)
			call_forgive(call);
	}
	return outcome;
}
