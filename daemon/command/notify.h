/* SPDX-License-Identifier: Apache-2.0
 * The service manager's two protocols (sd_notify(3), sd_listen_fds(3)), without its library. */
#ifndef COMMAND_NOTIFY_H
#define COMMAND_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);
int notify_socket(void); /* a listening socket passed to us, or -1 */

#endif
