-- SPDX-License-Identifier: Apache-2.0
-- The submission :id was handed in eight days ago, so that its time is over. This is the only thing in the demo that is not made
-- over REST, where nobody can hand in but now; its story and the audit say when it was really done.
\set ago 8
UPDATE submission_round SET submitted_at = submitted_at - :ago * interval '1 day'
	WHERE submission_id = :'id' AND submitted_at > now() - interval '1 day';
UPDATE submission SET created_at = created_at - :ago * interval '1 day', submitted_at = submitted_at - :ago * interval '1 day',
	due_at = due_at - :ago * interval '1 day' WHERE id = :'id' AND submitted_at > now() - interval '1 day';
