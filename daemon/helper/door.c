/* SPDX-License-Identifier: Apache-2.0
 * Unix sockets: made here or handed over by systemd (sd_listen_fds(3)), and who is at the other end. */
#include "helper/door.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/say.h"

#define BACKLOG 64
#define INHERITED_FD 3 /* SD_LISTEN_FDS_START */

/* True when the way is free: nothing there, or a socket without a listener, now removed. */
static bool clear_way(const struct sockaddr_un *address)
{
	struct stat file;
	if (lstat(address->sun_path, &file) < 0)
		return errno == ENOENT;
	if (!S_ISSOCK(file.st_mode)) {
		errno = EEXIST;
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	bool listened = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
	close(fd);
	if (listened) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(address->sun_path) == 0;
}

static bool bind_for(int fd, const struct sockaddr_un *address, uid_t owner)
{
	mode_t mask = umask(geteuid() == 0 || owner == geteuid() ? 0177 : 0111);
	bool bound = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
	umask(mask);
	if (!bound)
		return false;
	if (geteuid() == 0 && owner != 0 && chown(address->sun_path, owner, (gid_t)-1) < 0)
		return false;
	return listen(fd, BACKLOG) == 0;
}

int door_open(const char *path, uid_t owner)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		say("the socket path %s has %zu bytes, and at most %zu are possible", path, strlen(path),
		    sizeof address.sun_path - 1);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && clear_way(&address) && bind_for(fd, &address, owner))
		return fd;
	say("cannot listen on %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool is_connection(int fd)
{
	struct sockaddr_un address;
	socklen_t size = sizeof address;
	return getpeername(fd, (struct sockaddr *)&address, &size) == 0;
}

static int option_of(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof value;
	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static bool is_wanted(int fd, bool listening)
{
	return option_of(fd, SO_DOMAIN) == AF_UNIX && option_of(fd, SO_TYPE) == SOCK_STREAM &&
	       (listening ? option_of(fd, SO_ACCEPTCONN) == 1 : is_connection(fd));
}

static int inherited_fd(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	bool ours = count && pid && strtol(pid, NULL, 10) == getpid();
	if (ours && strcmp(count, "1") != 0)
		return -1;
	return ours ? INHERITED_FD : STDIN_FILENO;
}

int door_inherit(bool listening)
{
	int given = inherited_fd();
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (given < 0 || !is_wanted(given, listening))
		return -1;
	int connection = fcntl(given, F_DUPFD_CLOEXEC, INHERITED_FD + 1);
	if (given == INHERITED_FD)
		close(given);
	return connection;
}

void door_mute(void)
{
	int nothing = open("/dev/null", O_RDWR);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	if (nothing > STDERR_FILENO)
		close(nothing);
}

bool door_admits(int connection, uid_t welcome)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		say("a connection without credentials is refused: %s", strerror(errno));
		return false;
	}
	if (peer.uid == 0 || peer.uid == geteuid() || peer.uid == welcome)
		return true;
	say("a connection from user id %ld (process %ld) is refused", (long)peer.uid, (long)peer.pid);
	return false;
}

bool door_user(const char *text, uid_t *uid)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (!errno && text[0] >= '0' && text[0] <= '9' && !*end && number < UINT32_MAX) {
		*uid = (uid_t)number;
		return true;
	}
	const struct passwd *user = getpwnam(text);
	if (!user) {
		say("--peer: there is no user %s", text);
		return false;
	}
	*uid = user->pw_uid;
	return true;
}
