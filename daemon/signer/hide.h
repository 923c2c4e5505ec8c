/* SPDX-License-Identifier: Apache-2.0
 * What keeps keys where they are. */
#ifndef SIGNER_HIDE_H
#define SIGNER_HIDE_H

/* To be called before anything of OpenSSL. From now on nobody looks into this process, no core is left of it, it gains no
 * rights, OpenSSL's secure heap is locked in memory, and whatever OpenSSL gives back is wiped. Says what it cannot. */
void hide(void);

#endif
