/* SPDX-License-Identifier: Apache-2.0
 * Publications: those under way are computed anew, piece by piece. */
#include "rules/publication.h"

#include "rules/standing.h"
#include "store/standing.h"

enum { PIECE = 2000 };

enum skd_outcome publication_settle(struct skd_call *call, const char *pathway_id)
{
	const char *const *people;
	size_t count;
	TRY(store_standing_unsettled(call, pathway_id, &people, &count));
	return count ? standing_refresh(call, count, people) : SKD_OK;
}

enum skd_outcome publication_begin(struct skd_call *call, const struct store_pathway *pathway)
{
	int64_t left;
	const char *id;
	TRY(store_standing_left(call, pathway->id, pathway->number, &left));
	return left ? job_add(call, publication_kind.name, pathway->id, left, 0, &id) : SKD_OK;
}

/* Those whom somebody else computed meanwhile are missing from a piece, and count as done at the end: that it is not full does not mean
 * that nobody is left. What was published since is what they move to. */
static enum skd_outcome publication_piece(struct skd_call *call, struct store_job *job)
{
	struct store_pathway pathway;
	size_t done;
	int64_t left = PIECE;
	TRY(store_pathway_get(call, job->object, 0, false, &pathway));
	TRY(standing_pathway(call, pathway.id, pathway.number, PIECE, &done));
	if (done < PIECE)
		TRY(store_standing_left(call, pathway.id, pathway.number, &left));
	job->done += (int64_t)done;
	if (job->total < job->done)
		job->total = job->done;
	if (left)
		return SKD_OK;
	job->done = job->total;
	job->state = "done";
	return SKD_OK;
}

/* Each enrolment tells of itself. */
static enum skd_outcome publication_tell(struct skd_call *call, const struct store_job *job)
{
	(void)call;
	(void)job;
	return SKD_OK;
}

const struct job_kind publication_kind = {"pathway_publish", 0, publication_piece, publication_tell};
