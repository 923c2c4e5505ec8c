/* SPDX-License-Identifier: Apache-2.0
 * Where to listen: TCP over IPv4 and IPv6, or a unix socket. Knows no HTTP. */
#include "http/exchange.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum skd_outcome cannot(struct skd_call *call, const char *address, const char *why)
{
	return fail(call, SKD_FAULT, "cannot listen on %s: %s", address, why);
}

/* A path is free when nothing is there, or a socket that nobody answers on, which then goes. */
static const char *path_taken(const struct sockaddr_un *address)
{
	struct stat found;
	if (lstat(address->sun_path, &found) != 0)
		return errno == ENOENT ? NULL : strerror(errno);
	if (!S_ISSOCK(found.st_mode))
		return "there is a file that is no socket";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return strerror(errno);
	int refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
	close(fd);
	if (!refused)
		return "another process listens there";
	return unlink(address->sun_path) == 0 ? NULL : strerror(errno);
}

static enum skd_outcome listen_unix(struct skd_call *call, const char *name, int *fd, char **path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!*name || strlen(name) >= sizeof address.sun_path)
		return cannot(call, name, "a socket's path has 1 to 107 bytes");
	strcpy(address.sun_path, name);
	const char *taken = path_taken(&address);
	if (taken)
		return cannot(call, name, taken);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Made without rights for others from its first moment on. */
	mode_t mask = umask(0117);
	bool bound = *fd >= 0 && bind(*fd, (struct sockaddr *)&address, sizeof address) == 0;
	umask(mask);
	if (!bound)
		return cannot(call, name, strerror(errno));
	*path = strdup(name);
	return SKD_OK;
}

/* "host:port" with brackets around an IPv6 host. */
static enum skd_outcome split(struct skd_call *call, const char *address, char **host, const char **port)
{
	const char *colon = strrchr(address, ':');
	const char *end = colon, *begin = address;
	if (colon && *address == '[') {
		begin++;
		end = colon > begin && colon[-1] == ']' ? colon - 1 : begin;
	}
	if (!colon || end == begin || (begin == address && memchr(begin, ':', (size_t)(end - begin))))
		return cannot(call, address, "it is none of 127.0.0.1:8080, [::1]:8080, unix:/path");
	*host = talloc_strndup(call, begin, (size_t)(end - begin));
	*port = colon + 1;
	return SKD_OK;
}

static enum skd_outcome listen_tcp(struct skd_call *call, const char *address, int *fd)
{
	char *host = NULL;
	const char *port = NULL;
	TRY(split(call, address, &host, &port));
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
	int wrong = getaddrinfo(host, port, &hints, &found);
	if (wrong)
		return cannot(call, address, gai_strerror(wrong));
	int on = 1;
	*fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool bound = *fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		     bind(*fd, found->ai_addr, found->ai_addrlen) == 0;
	wrong = errno;
	freeaddrinfo(found);
	return bound ? SKD_OK : cannot(call, address, strerror(wrong));
}

enum skd_outcome listen_open(struct skd_call *call, const char *address, int *fd, char **path)
{
	*fd = -1;
	*path = NULL;
	if (strncmp(address, "unix:", 5) == 0)
		TRY(listen_unix(call, address + 5, fd, path));
	else
		TRY(listen_tcp(call, address, fd));
	return listen(*fd, SOMAXCONN) == 0 ? SKD_OK : cannot(call, address, strerror(errno));
}
