# SPDX-License-Identifier: Apache-2.0
"""Breaking in: every route asked by everyone for what is theirs and what is not, and again after the roles are lost;
tokens that are spent, cut or made up, sessions fixed beforehand, headers that only a proxy may write, keys of others."""
import http.client
import json
import re
import subprocess
import time

import ldap
import pytest
from kit.badges import new_key, signs
from kit.chart import Chart
from kit.contract import MISSING
from kit.gate import ROOT, make_userdb
from kit.house import BASE, House, demo_house, installed, wait_for
from kit.scene import ADMIN, AWARDED, AWARDED_BELOW, EMPLOYEE, HR, LEAVERS, NAMES, STRANGER, Scene
from kit.signer import Signer
from kit.validate import contract

GROUPS = {"assessor": "assessors", "issuer": "issuers", "hr": "hr", "auditor": "auditors", "admin": "admins"}

# Who asks: nobody has no token, nameless an account that is no person, and token is one of hr's with the scope people:read.
# In braces, whose thing is asked for: Scene.make() knows them.
TABLE = """
                                                       nobody nameless employee manager assessor issuer hr auditor admin token
GET    /healthz                                           200   200   200   200   200   200   200   200   200   200
GET    /readyz                                            200   200   200   200   200   200   200   200   200   200
GET    /metrics                                           200   200   200   200   200   200   200   200   200   200
GET    /badges/{badge}                                    404   404   200   200   200   200   200   200   200   404
GET    /achievements/{achievement}                        200   200   200   200   200   200   200   200   200   200
GET    /achievements/{achievement}/image                  200   200   200   200   200   200   200   200   200   200
GET    /endorsements/{endorsement}                        200   200   200   200   200   200   200   200   200   200
GET    /issuers/{issuer}                                  200   200   200   200   200   200   200   200   200   200
GET    /issuers/{partner}/image                           200   200   200   200   200   200   200   200   200   200
GET    /issuers/{issuer}/did.json                         200   200   200   200   200   200   200   200   200   200
GET    /issuers/{issuer}/revocations                      200   200   200   200   200   200   200   200   200   200
GET    /oembed                                            400   400   400   400   400   400   400   400   400   400
GET    /.well-known/did.json                              200   200   200   200   200   200   200   200   200   200
GET    /.well-known/jwks.json                             200   200   200   200   200   200   200   200   200   200
GET    /status/{list}                                     200   200   200   200   200   200   200   200   200   200
GET    /api/v1/openapi.json                               200   200   200   200   200   200   200   200   200   200
POST   /api/v1/sessions                                   401   401   401   401   401   401   401   401   401   401
POST   /api/v1/sessions/{talk}                            404   404   404   404   404   404   404   404   404   404
GET    /api/v1/sessions                                   401   200   200   200   200   200   200   200   200   403
GET    /api/v1/sessions/{own_session}                     401   200   200   200   200   200   200   200   200   403
GET    /api/v1/sessions/{session}                         401   404   404   404   404   404   404   404   200   403
DELETE /api/v1/sessions/{own_session}                     401   204   204   204   204   204   204   204   204   403
DELETE /api/v1/sessions/{session}                         401   404   404   404   404   404   404   404   204   403
GET    /api/v1/tokens                                     401   403   200   200   200   200   200   200   200   403
POST   /api/v1/tokens                                     401   403   201   201   201   201   201   201   201   403
GET    /api/v1/tokens/{own_token}                         401   403   200   200   200   200   200   200   200   403
GET    /api/v1/tokens/{token}                             401   403   404   404   404   404   404   404   200   403
DELETE /api/v1/tokens/{own_token}                         401   403   204   204   204   204   204   204   204   403
DELETE /api/v1/tokens/{token}                             401   403   404   404   404   404   404   404   204   403
GET    /api/v1/me                                         401   200   200   200   200   200   200   200   200   200
POST   /api/v1/me/credentials                             401   403   201   201   201   201   201   201   201   403
GET    /api/v1/people                                     401   403   200   200   200   200   200   200   200   200
GET    /api/v1/colleagues                                 401   403   200   200   200   200   200   200   200   403
GET    /api/v1/people/{self}                              401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}                             401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{awarded}                           401   403   404   404   404   200   200   404   200   200
GET    /api/v1/people/{stranger}                          401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/credentials                  401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/credentials                 401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{stranger}/credentials              401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/badges                       401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/badges                      401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{stranger}/badges                   401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{self}/history                      401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/history                     401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{stranger}/history                  401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/holdings                     401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/holdings                    401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{stranger}/holdings                 401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{below}/record                      401   403   404   403   404   404   409   404   409   403
GET    /api/v1/people/{awarded}/record                    401   403   404   404   404   403   200   404   200   403
GET    /api/v1/people/{self}/export                       401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/export                      401   403   404   403   404   404   200   404   200   200
GET    /api/v1/people/{awarded}/export                    401   403   404   404   404   403   200   404   200   200
GET    /api/v1/people/{stranger}/export                   401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/hold                         401   403   403   403   403   403   200   403   200   200
GET    /api/v1/people/{below}/hold                        401   403   404   403   404   404   200   404   200   200
GET    /api/v1/people/{stranger}/hold                     401   403   404   404   404   404   200   404   200   200
POST   /api/v1/people/{stranger}/hold                     401   403   404   404   404   404   201   404   201   403
POST   /api/v1/people/{below}/hold                        401   403   404   403   404   404   201   404   201   403
POST   /api/v1/people/{self}/hold                         401   403   403   403   403   403   201   403   201   403
DELETE /api/v1/people/{self}/hold                         401   403   403   403   403   403   204   403   204   403
DELETE /api/v1/people/{below}/hold                        401   403   404   403   404   404   204   404   204   403
DELETE /api/v1/people/{stranger}/hold                     401   403   404   404   404   404   204   404   204   403
POST   /api/v1/people/{leaver}/erase                      401   403   404   404   404   404   201   404   201   403
POST   /api/v1/people/{self}/erase                        401   403   403   403   403   403   409   403   409   403
GET    /api/v1/people/{self}/looks                        401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/looks                       401   403   404   403   404   404   403   200   403   403
GET    /api/v1/people/{awarded}/looks                     401   403   404   404   404   403   403   200   403   403
GET    /api/v1/people/{stranger}/looks                    401   403   404   404   404   404   403   200   403   403
GET    /api/v1/me/looks                                   401   403   200   200   200   200   200   200   200   403
GET    /api/v1/retention                                  401   403   403   403   403   403   200   403   200   403
GET    /api/v1/erasures                                   401   403   403   403   403   403   200   200   200   403
GET    /api/v1/erasures/{erasure}                         401   403   403   403   403   403   200   200   200   403
GET    /api/v1/units                                      401   403   200   200   200   200   200   200   200   403
GET    /api/v1/units/{unit}                               401   403   200   200   200   200   200   200   200   403
GET    /api/v1/directory/runs                             401   403   403   403   403   403   403   200   200   403
POST   /api/v1/directory/runs                             401   403   403   403   403   403   403   403   201   403
GET    /api/v1/directory/runs/{run}                       401   403   403   403   403   403   403   200   200   403
POST   /api/v1/directory/runs/{run}/approve               401   403   403   403   403   403   403   403   409   403
POST   /api/v1/directory/runs/{run}/drop                  401   403   403   403   403   403   403   403   409   403
GET    /api/v1/frameworks                                 401   403   200   200   200   200   200   200   200   403
POST   /api/v1/frameworks                                 401   403   403   403   403   201   201   403   201   403
GET    /api/v1/frameworks/{framework}                     401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/frameworks/{framework}                     401   403   403   403   403   200   200   403   200   403
GET    /api/v1/scales                                     401   403   200   200   200   200   200   200   200   403
POST   /api/v1/scales                                     401   403   403   403   403   201   201   403   201   403
GET    /api/v1/scales/{scale}                             401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/scales/{scale}                             401   403   403   403   403   200   200   403   200   403
GET    /api/v1/skills                                     401   403   200   200   200   200   200   200   200   403
POST   /api/v1/skills                                     401   403   403   403   403   201   201   403   201   403
GET    /api/v1/skills/{skill}                             401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/skills/{skill}                             401   403   403   403   403   200   200   403   200   403
GET    /api/v1/achievements                               401   403   200   200   200   200   200   200   200   403
POST   /api/v1/achievements                               401   403   403   403   403   201   201   403   201   403
GET    /api/v1/achievements/{achievement}                 401   403   200   200   200   200   200   200   200   403
GET    /api/v1/achievements/{draft}                       401   403   404   404   404   200   200   404   200   403
PATCH  /api/v1/achievements/{achievement}                 401   403   403   403   403   200   200   403   200   403
PATCH  /api/v1/achievements/{draft}                       401   403   404   404   404   200   200   404   200   403
POST   /api/v1/achievements/{draft}/submit                401   403   404   404   404   200   200   404   200   403
GET    /api/v1/achievements/{in_review}                   401   403   404   404   404   200   200   404   200   403
POST   /api/v1/achievements/{in_review}/approve           401   403   404   404   404   200   403   404   200   403
POST   /api/v1/achievements/{in_review}/return            401   403   404   404   404   200   200   404   200   403
GET    /api/v1/achievements/{achievement}/events          401   403   403   403   403   200   200   200   200   403
GET    /api/v1/achievements/{draft}/events                401   403   404   404   404   200   200   404   200   403
PUT    /api/v1/achievements/{achievement}/image           401   403   403   403   403   200   200   403   200   403
PUT    /api/v1/achievements/{draft}/image                 401   403   404   404   404   200   200   404   200   403
PUT    /api/v1/achievements/{partners_achievement}/image  401   403   403   403   403   403   200   403   200   403
GET    /api/v1/issuers                                    401   403   200   200   200   200   200   200   200   403
POST   /api/v1/issuers                                    401   403   403   403   403   403   403   403   201   403
GET    /api/v1/issuers/{issuer}                           401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/issuers/{issuer}                           401   403   403   403   403   403   403   403   409   403
GET    /api/v1/issuers/{partner}                          401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/issuers/{partner}                          401   403   403   403   403   403   403   403   200   403
PUT    /api/v1/issuers/{partner}/image                    401   403   403   403   403   403   403   403   200   403
GET    /api/v1/endorsements                               401   403   200   200   200   200   200   200   200   403
POST   /api/v1/endorsements                               401   403   403   403   403   201   403   403   403   403
POST   /api/v1/endorsements/received                      401   403   403   403   403   400   400   403   400   403
GET    /api/v1/endorsements/{own_endorsement}             401   403   200   200   200   200   200   200   200   403
POST   /api/v1/endorsements/{own_endorsement}/withdraw    401   403   403   403   403   200   403   403   403   403
GET    /api/v1/endorsements/{partners_endorsement}        401   403   200   200   200   200   200   200   200   403
POST   /api/v1/endorsements/{partners_endorsement}/withdraw 401 403   403   403   403   403   200   403   200   403
GET    /api/v1/links                                      401   403   200   200   200   200   200   200   200   403
GET    /api/v1/achievements/{achievement}/links           401   403   200   200   200   200   200   200   200   403
GET    /api/v1/achievements/{draft}/links                 401   403   404   404   404   200   200   404   200   403
GET    /api/v1/collections                                401   403   200   200   200   200   200   200   200   403
POST   /api/v1/collections                                401   403   403   403   403   201   201   403   201   403
GET    /api/v1/collections/{collection}                   401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/collections/{collection}                   401   403   403   403   403   200   200   403   200   403
GET    /api/v1/collections/{partners_collection}          401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/collections/{partners_collection}          401   403   403   403   403   403   200   403   200   403
GET    /api/v1/pathways                                   401   403   200   200   200   200   200   200   200   403
POST   /api/v1/pathways                                   401   403   403   403   403   201   201   403   201   403
POST   /api/v1/pathways/import                            401   403   403   403   403   201   201   403   201   403
GET    /api/v1/pathways/{pathway}                         401   403   200   200   200   200   200   200   200   403
GET    /api/v1/pathways/{pathway_draft}                   401   403   404   404   404   200   200   404   200   403
PATCH  /api/v1/pathways/{pathway}                         401   403   403   403   403   200   200   403   200   403
PATCH  /api/v1/pathways/{pathway_draft}                   401   403   404   404   404   200   200   404   200   403
GET    /api/v1/pathways/{partners_pathway}                401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/pathways/{partners_pathway}                401   403   403   403   403   403   200   403   200   403
GET    /api/v1/pathways/{pathway}/versions                401   403   200   200   200   200   200   200   200   403
GET    /api/v1/pathways/{pathway_draft}/versions          401   403   404   404   404   200   200   404   200   403
GET    /api/v1/pathways/{pathway}/events                  401   403   403   403   403   200   200   200   200   403
GET    /api/v1/pathways/{pathway_draft}/events            401   403   404   404   404   200   200   404   200   403
POST   /api/v1/pathways/{pathway}/simulations             401   403   403   403   403   200   200   403   200   403
POST   /api/v1/pathways/{pathway_draft}/simulations       401   403   404   404   404   200   200   404   200   403
POST   /api/v1/pathways/{partners_pathway}/simulations    401   403   403   403   403   403   200   403   200   403
GET    /api/v1/pathways/{pathway}/export                  401   403   200   200   200   200   200   200   200   403
GET    /api/v1/pathways/{pathway_draft}/export            401   403   404   404   404   200   200   404   200   403
GET    /api/v1/keys                                       401   403   200   200   200   200   200   200   200   403
GET    /api/v1/keys/{key}                                 401   403   200   200   200   200   200   200   200   403
GET    /api/v1/achievements/{partners_achievement}        401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/achievements/{partners_achievement}        401   403   403   403   403   403   200   403   200   403
GET    /api/v1/credentials/{partners_credential}          401   403   404   404   404   404   200   200   200   403
POST   /api/v1/credentials/{partners_credential}/revoke   401   403   404   404   404   404   403   403   403   403
POST   /api/v1/credentials/{partners_credential}/replace  401   403   404   404   404   404   403   403   403   403
GET    /api/v1/claims                                     401   403   200   200   200   200   200   200   200   403
POST   /api/v1/claims                                     401   403   201   201   201   201   201   201   201   403
GET    /api/v1/claims/{own_claim}                         401   403   200   200   200   200   200   200   200   403
GET    /api/v1/claims/{shared_claim}                      401   403   404   200   404   200   200   404   200   403
GET    /api/v1/claims/{claim}                             401   403   404   404   404   404   404   404   404   403
PATCH  /api/v1/claims/{own_claim}                         401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/claims/{shared_claim}                      401   403   404   403   404   403   403   404   403   403
PATCH  /api/v1/claims/{claim}                             401   403   404   404   404   404   404   404   404   403
DELETE /api/v1/claims/{own_claim}                         401   403   204   204   204   204   204   204   204   403
DELETE /api/v1/claims/{shared_claim}                      401   403   404   403   404   403   403   404   403   403
DELETE /api/v1/claims/{claim}                             401   403   404   404   404   404   404   404   404   403
GET    /api/v1/positions                                  401   403   200   200   200   200   200   200   200   403
POST   /api/v1/positions                                  401   403   403   403   403   403   201   403   201   403
GET    /api/v1/positions/{position}                       401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/positions/{position}                       401   403   403   403   403   403   200   403   200   403
GET    /api/v1/positions/{position}/assignments           401   403   200   200   200   200   200   200   200   403
POST   /api/v1/positions/{position}/assignments           401   403   403   403   403   403   201   403   201   403
GET    /api/v1/positions/{position}/assignments/{assignment} 401 403  404   200   404   404   200   404   200   403
DELETE /api/v1/positions/{position}/assignments/{assignment} 401 403  403   403   403   403   204   403   204   403
GET    /api/v1/submissions                                401   403   200   200   200   200   200   200   200   403
POST   /api/v1/submissions                                401   403   201   201   201   201   201   201   201   403
GET    /api/v1/submissions/{own_submission}               401   403   200   200   200   200   200   200   200   403
GET    /api/v1/submissions/{shared_submission}            401   403   404   200   404   200   200   404   200   403
GET    /api/v1/submissions/{submission}                   401   403   404   404   404   404   404   404   404   403
PATCH  /api/v1/submissions/{own_submission}               401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/submissions/{shared_submission}            401   403   404   403   404   403   403   404   403   403
PATCH  /api/v1/submissions/{submission}                   401   403   404   404   404   404   404   404   404   403
DELETE /api/v1/submissions/{own_submission}               401   403   204   204   204   204   204   204   204   403
DELETE /api/v1/submissions/{shared_submission}            401   403   404   403   404   403   403   404   403   403
DELETE /api/v1/submissions/{submission}                   401   403   404   404   404   404   404   404   404   403
POST   /api/v1/submissions/{own_submission}/files         401   403   201   201   201   201   201   201   201   403
POST   /api/v1/submissions/{shared_submission}/files      401   403   404   403   404   403   403   404   403   403
POST   /api/v1/submissions/{submission}/files             401   403   404   404   404   404   404   404   404   403
GET    /api/v1/submissions/{own_submission}/files/{file}  401   403   200   200   200   200   200   200   200   403
GET    /api/v1/submissions/{shared_submission}/files/{file} 401   403   404   200   404   200   200   404   200   403
GET    /api/v1/submissions/{submission}/files/{file}      401   403   404   404   404   404   404   404   404   403
DELETE /api/v1/submissions/{own_submission}/files/{file}  401   403   204   204   204   204   204   204   204   403
DELETE /api/v1/submissions/{shared_submission}/files/{file} 401   403   404   403   404   403   403   404   403   403
DELETE /api/v1/submissions/{submission}/files/{file}      401   403   404   404   404   404   404   404   404   403
POST   /api/v1/submissions/{own_submission}/submit        401   403   200   200   200   200   200   200   200   403
POST   /api/v1/submissions/{shared_submission}/submit     401   403   404   403   404   403   403   404   403   403
POST   /api/v1/submissions/{submission}/submit            401   403   404   404   404   404   404   404   404   403
POST   /api/v1/submissions/{own_submission}/withdraw      401   403   200   200   200   200   200   200   200   403
POST   /api/v1/submissions/{shared_submission}/withdraw   401   403   404   403   404   403   403   404   403   403
POST   /api/v1/submissions/{submission}/withdraw          401   403   404   404   404   404   404   404   404   403
POST   /api/v1/submissions/{own_submission}/reopen        401   403   200   200   200   200   200   200   200   403
POST   /api/v1/submissions/{shared_submission}/reopen     401   403   404   403   404   403   403   404   403   403
POST   /api/v1/submissions/{submission}/reopen            401   403   404   404   404   404   404   404   404   403
GET    /api/v1/submissions/{own_submission}/rounds        401   403   200   200   200   200   200   200   200   403
GET    /api/v1/submissions/{shared_submission}/rounds     401   403   404   200   404   200   200   404   200   403
GET    /api/v1/submissions/{submission}/rounds            401   403   404   404   404   404   404   404   404   403
GET    /api/v1/submissions/{own_submission}/events        401   403   200   200   200   200   200   200   200   403
GET    /api/v1/submissions/{shared_submission}/events     401   403   404   200   404   200   200   404   200   403
GET    /api/v1/submissions/{submission}/events            401   403   404   404   404   404   404   404   404   403
GET    /api/v1/submissions/{own_submission}/reviews       401   403   200   200   200   200   200   200   200   403
GET    /api/v1/submissions/{shared_submission}/reviews    401   403   404   403   404   200   200   404   200   403
GET    /api/v1/submissions/{submission}/reviews           401   403   404   404   404   200   200   404   200   403
POST   /api/v1/claims/{own_proved_claim}/submission       401   403   201   201   201   201   201   201   201   403
POST   /api/v1/claims/{shared_claim}/submission           401   403   404   403   404   403   403   404   403   403
POST   /api/v1/claims/{claim}/submission                  401   403   404   404   404   404   404   404   404   403
GET    /api/v1/goals                                      401   403   200   200   200   200   200   200   200   403
POST   /api/v1/goals                                      401   403   201   201   201   201   201   201   201   403
GET    /api/v1/goals/{own_goal}                           401   403   200   200   200   200   200   200   200   403
GET    /api/v1/goals/{shared_goal}                        401   403   404   200   404   404   200   404   200   403
GET    /api/v1/goals/{goal}                               401   403   404   404   404   404   404   404   404   403
PATCH  /api/v1/goals/{own_goal}                           401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/goals/{shared_goal}                        401   403   404   403   404   404   403   404   403   403
PATCH  /api/v1/goals/{goal}                               401   403   404   404   404   404   404   404   404   403
DELETE /api/v1/goals/{own_goal}                           401   403   204   204   204   204   204   204   204   403
DELETE /api/v1/goals/{shared_goal}                        401   403   404   403   404   404   403   404   403   403
DELETE /api/v1/goals/{goal}                               401   403   404   404   404   404   404   404   404   403
GET    /api/v1/enrolments                                 401   403   200   200   200   200   200   200   200   403
POST   /api/v1/pathways/{pathway}/enrolments              401   403   201   201   201   201   201   201   201   403
GET    /api/v1/enrolments/{own_enrolment}                 401   403   200   200   200   200   200   200   200   403
GET    /api/v1/enrolments/{enrolment}                     401   403   404   200   404   200   200   404   200   403
GET    /api/v1/enrolments/{own_enrolment}/events          401   403   200   200   200   200   200   200   200   403
GET    /api/v1/enrolments/{enrolment}/events              401   403   404   200   404   200   200   404   200   403
POST   /api/v1/enrolments/{own_enrolment}/accept          401   403   200   200   200   200   200   200   200   403
POST   /api/v1/enrolments/{enrolment}/accept              401   403   404   403   404   403   403   404   403   403
POST   /api/v1/enrolments/{own_enrolment}/pause           401   403   200   200   200   200   200   200   200   403
POST   /api/v1/enrolments/{enrolment}/pause               401   403   404   403   404   403   403   404   403   403
POST   /api/v1/enrolments/{own_enrolment}/resume          401   403   200   200   200   200   200   200   200   403
POST   /api/v1/enrolments/{enrolment}/resume              401   403   404   403   404   403   403   404   403   403
POST   /api/v1/enrolments/{own_enrolment}/leave           401   403   200   200   200   200   200   200   200   403
POST   /api/v1/enrolments/{enrolment}/leave               401   403   404   403   404   403   403   404   403   403
GET    /api/v1/enrolments/{invitation}                    401   403   404   200   404   200   200   404   200   403
POST   /api/v1/enrolments/{invitation}/leave              401   403   404   200   404   403   200   404   403   403
POST   /api/v1/enrolments/{own_enrolment}/proofs          401   403   201   201   201   201   201   201   201   403
POST   /api/v1/enrolments/{enrolment}/proofs              401   403   404   403   404   403   403   404   403   403
GET    /api/v1/proofs                                     401   403   200   200   200   200   200   200   200   403
GET    /api/v1/proofs/{own_proof}                         401   403   200   200   200   200   200   200   200   403
GET    /api/v1/proofs/{proof}                             401   403   404   200   404   200   200   404   200   403
POST   /api/v1/proofs/{own_proof}/accept                  401   403   403   403   403   403   403   403   403   403
POST   /api/v1/proofs/{proof}/accept                      401   403   404   200   404   200   200   404   403   403
POST   /api/v1/proofs/{own_proof}/refuse                  401   403   403   403   403   403   403   403   403   403
POST   /api/v1/proofs/{proof}/refuse                      401   403   404   200   404   200   200   404   403   403
POST   /api/v1/proofs/{own_proof}/withdraw                401   403   200   200   200   200   200   200   200   403
POST   /api/v1/proofs/{proof}/withdraw                    401   403   404   403   404   403   403   404   403   403
POST   /api/v1/proofs/{own_proof}/revoke                  401   403   403   403   403   403   403   403   403   403
POST   /api/v1/proofs/{proof}/revoke                      401   403   404   200   404   200   200   404   403   403
GET    /api/v1/pathways/{pathway}/rules                   401   403   200   200   200   200   200   200   200   403
POST   /api/v1/pathways/{pathway}/rules                   401   403   403   403   403   403   201   403   201   403
GET    /api/v1/pathways/{pathway}/rules/{rule}            401   403   200   200   200   200   200   200   200   403
GET    /api/v1/pathways/{pathway}/rules/{group_rule}      401   403   404   404   404   404   200   404   200   403
DELETE /api/v1/pathways/{pathway}/rules/{rule}            401   403   403   403   403   403   204   403   204   403
GET    /api/v1/people/{self}/gap                          401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/gap                         401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{awarded}/gap                       401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/openings                     401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/openings                    401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{awarded}/openings                  401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/portfolio                    401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/portfolio                   401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{awarded}/portfolio                 401   403   404   404   404   404   200   404   200   200
GET    /api/v1/people/{self}/pathways                     401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/pathways                    401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{awarded}/pathways                  401   403   404   404   404   200   200   404   200   200
GET    /api/v1/me/pathways                                401   403   200   200   200   200   200   200   200   403
GET    /api/v1/people/{self}/recommendations              401   403   200   200   200   200   200   200   200   200
GET    /api/v1/people/{below}/recommendations             401   403   404   200   404   404   200   404   200   200
GET    /api/v1/people/{awarded}/recommendations           401   403   404   404   404   404   200   404   200   200
GET    /api/v1/units/{strangers_unit}/gap                 401   403   404   404   404   404   200   404   200   403
GET    /api/v1/claims/{own_claim}/endorsements            401   403   200   200   200   200   200   200   200   403
GET    /api/v1/claims/{shared_claim}/endorsements         401   403   404   200   404   200   200   404   200   403
GET    /api/v1/claims/{open_claim}/endorsements           401   403   200   200   200   200   200   200   200   403
GET    /api/v1/claims/{claim}/endorsements                401   403   404   404   404   404   404   404   404   403
POST   /api/v1/claims/{own_claim}/endorsements            401   403   403   403   403   403   403   403   403   403
POST   /api/v1/claims/{shared_claim}/endorsements         401   403   404   201   404   201   201   404   201   403
POST   /api/v1/claims/{open_claim}/endorsements           401   403   201   201   201   201   201   201   201   403
POST   /api/v1/claims/{claim}/endorsements                401   403   404   404   404   404   404   404   404   403
GET    /api/v1/claim-endorsements/{own_vouch}             401   403   200   200   200   200   200   200   200   403
GET    /api/v1/claim-endorsements/{own_vouched}           401   403   200   200   200   200   200   200   200   403
GET    /api/v1/claim-endorsements/{vouch}                 401   403   404   200   404   200   200   404   200   403
PATCH  /api/v1/claim-endorsements/{own_vouch}             401   403   403   403   403   403   403   403   403   403
PATCH  /api/v1/claim-endorsements/{vouch}                 401   403   404   403   404   403   403   404   403   403
PATCH  /api/v1/claim-endorsements/{own_vouched}           401   403   200   200   200   200   200   200   200   403
DELETE /api/v1/claim-endorsements/{own_vouch}             401   403   204   204   204   204   204   204   204   403
DELETE /api/v1/claim-endorsements/{vouch}                 401   403   404   403   404   403   403   404   403   403
DELETE /api/v1/claim-endorsements/{own_vouched}           401   403   403   403   403   403   403   403   403   403
GET    /api/v1/achievements/{achievement}/agreement       401   403   403   403   200   200   200   403   200   403
GET    /api/v1/reviews                                    401   403   403   403   200   200   200   403   200   403
GET    /api/v1/reviews/{own_review}                       401   403   403   403   200   200   200   403   200   403
GET    /api/v1/reviews/{review}                           401   403   403   403   404   200   200   403   200   403
PATCH  /api/v1/reviews/{own_review}                       401   403   403   403   200   403   403   403   403   403
PATCH  /api/v1/reviews/{review}                           401   403   403   403   404   403   403   403   403   403
POST   /api/v1/reviews/{own_review}/claim                 401   403   403   403   200   403   403   403   403   403
POST   /api/v1/reviews/{review}/claim                     401   403   403   403   409   403   403   403   403   403
POST   /api/v1/reviews/{own_review}/release               401   403   403   403   204   403   403   403   403   403
POST   /api/v1/reviews/{review}/release                   401   403   403   403   404   403   403   403   403   403
POST   /api/v1/reviews/{own_review}/decide                401   403   403   403   200   403   403   403   403   403
POST   /api/v1/reviews/{review}/decide                    401   403   403   403   404   403   403   403   403   403
GET    /api/v1/talent                                     401   403   200   200   200   200   200   200   200   403
GET    /api/v1/me/talent                                  401   403   200   200   200   200   200   200   200   403
PUT    /api/v1/me/talent                                  401   403   200   200   200   200   200   200   200   403
GET    /api/v1/corrections                                401   403   200   200   200   200   200   200   200   403
POST   /api/v1/corrections                                401   403   201   201   201   201   201   201   201   403
GET    /api/v1/corrections/{own_correction}               401   403   200   200   200   200   200   200   200   403
GET    /api/v1/corrections/{correction}                   401   403   404   404   404   404   200   404   200   403
POST   /api/v1/corrections/{own_correction}/answer        401   403   403   403   403   403   403   403   403   403
POST   /api/v1/corrections/{correction}/answer            401   403   404   404   404   404   200   404   200   403
POST   /api/v1/corrections/{own_correction}/withdraw      401   403   200   200   200   200   200   200   200   403
POST   /api/v1/corrections/{correction}/withdraw          401   403   404   404   404   404   403   404   403   403
GET    /api/v1/audit                                      401   403   403   403   403   403   403   200   200   403
GET    /api/v1/outbox                                     401   403   403   403   403   403   403   200   200   403
GET    /api/v1/access                                     401   403   403   403   403   403   403   200   200   403
GET    /api/v1/access/sight                               401   403   200   200   200   200   200   200   200   403
GET    /api/v1/credentials                                401   403   200   200   200   200   200   200   200   403
POST   /api/v1/credentials                                401   403   403   403   403   201   403   403   403   403
GET    /api/v1/credentials/{own_credential}               401   403   200   200   200   200   200   200   200   403
GET    /api/v1/credentials/{credential_below}             401   403   404   200   404   200   200   200   200   403
GET    /api/v1/credentials/{credential}                   401   403   404   404   404   200   200   200   200   403
PATCH  /api/v1/credentials/{own_credential}               401   403   200   200   200   200   200   200   200   403
PATCH  /api/v1/credentials/{credential_below}             401   403   404   403   404   403   403   403   403   403
PATCH  /api/v1/credentials/{credential}                   401   403   404   404   404   403   403   403   403   403
GET    /api/v1/credentials/{own_credential}/events        401   403   200   200   200   200   200   200   200   403
GET    /api/v1/credentials/{credential_below}/events      401   403   404   200   404   200   200   200   200   403
GET    /api/v1/credentials/{credential}/events            401   403   404   404   404   200   200   200   200   403
GET    /api/v1/credentials/{own_credential}/counts        401   403   200   200   200   200   200   200   200   403
GET    /api/v1/credentials/{credential_below}/counts      401   403   404   403   404   200   403   403   403   403
GET    /api/v1/credentials/{credential}/counts            401   403   404   404   404   200   403   403   403   403
GET    /api/v1/credentials/{own_credential}/uses          401   403   200   200   200   200   200   200   200   403
GET    /api/v1/credentials/{lapsing_below}/uses           401   403   404   200   404   200   200   200   200   403
GET    /api/v1/credentials/{credential}/uses              401   403   404   404   404   200   200   200   200   403
GET    /api/v1/credentials/{lapsing_below}                401   403   404   200   404   200   200   200   200   403
POST   /api/v1/credentials/{lapsing_below}/uses           401   403   404   200   404   200   200   403   403   403
POST   /api/v1/credentials/{credential}/uses              401   403   404   404   404   409   409   403   403   403
POST   /api/v1/credentials/{own_renewable}/renewal        401   403   201   201   201   201   201   201   201   403
POST   /api/v1/credentials/{credential_below}/renewal     401   403   404   403   404   403   403   403   403   403
POST   /api/v1/credentials/{credential}/renewal           401   403   404   404   404   403   403   403   403   403
POST   /api/v1/credentials/{own_credential}/replace       401   403   403   403   403   201   403   403   403   403
POST   /api/v1/credentials/{credential_below}/replace     401   403   404   403   404   201   403   403   403   403
POST   /api/v1/credentials/{credential}/replace           401   403   404   404   404   201   403   403   403   403
POST   /api/v1/credentials/{own_credential}/revoke        401   403   403   403   403   200   403   403   403   403
POST   /api/v1/credentials/{credential_below}/revoke      401   403   404   403   404   200   403   403   403   403
POST   /api/v1/credentials/{credential}/revoke            401   403   404   404   404   200   403   403   403   403
POST   /api/v1/credentials/{own_credential}/suspend       401   403   403   403   403   200   403   403   403   403
POST   /api/v1/credentials/{credential}/suspend           401   403   404   404   404   200   403   403   403   403
POST   /api/v1/credentials/{own_credential}/reinstate     401   403   403   403   403   409   403   403   403   403
POST   /api/v1/credentials/{credential}/reinstate         401   403   404   404   404   409   403   403   403   403
GET    /api/v1/jobs                                       401   403   200   200   200   200   200   200   200   403
GET    /api/v1/jobs/{job}                                 401   403   404   404   404   404   404   200   200   403
DELETE /api/v1/jobs/{job}                                 401   403   404   404   404   404   404   403   204   403
GET    /api/v1/batches                                    401   403   200   200   200   200   200   200   200   403
POST   /api/v1/batches                                    401   403   403   403   403   202   403   403   403   403
GET    /api/v1/batches/{batch}                            401   403   404   404   404   404   404   200   200   403
GET    /api/v1/batches/{batch}/rows                       401   403   404   404   404   404   404   200   200   403
POST   /api/v1/verifications                              401   403   200   200   200   200   200   200   200   403
GET    /api/v1/reports/skills                             401   403   200   200   200   200   200   200   200   403
"""
ACTORS, *LINES = (line.split() for line in TABLE.strip().splitlines())
ROWS = {f"{method} {path}": dict(zip(ACTORS, map(int, statuses), strict=True)) for method, path, *statuses in LINES}


@pytest.fixture(scope="module")
def scene(postgres):
    leavers = "\n\n".join(f"dn: uid={name},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: x"
                          for name in LEAVERS)
    signer = Signer()
    house = demo_house({"retention all": {"keep": "P3Y"}, "throttle": {"failure_delay": "200ms"}, "submissions": {"folder": "files"}, **signs(signer)}, leavers,
                       postgres=postgres, slapd={"debug": 256})
    house.passwords["machine"] = "machine-password"
    make_userdb(house.folder / "users", {name: house.passwords[name] for name in ("rescue", "machine", ADMIN)})
    for name in STRANGER, AWARDED_BELOW:
        house.set_password(name)
    with signer, house:
        new_key(house, "ed25519")
        yield Scene(house, ROWS)


# ---- the table

def test_every_route_is_in_the_table():
    def plain(lines):
        return {re.sub(r"\{\w+\}", "{id}", line) for line in lines}
    served = subprocess.run([installed() / "skillsd", "routes"], capture_output=True, text=True, timeout=30, check=True)
    assert plain(ROWS) == plain(served.stdout.splitlines()) and {line.replace("{file}", "{id}") for line in served.stdout.splitlines()}
    assert set(served.stdout.splitlines()) == contract().routes()
    assert len(ROWS) == len(LINES), "a line stands there twice"


def looked_at(line):
    """The line that reads what this one would change, if there is one."""
    return ROWS.get("GET " + line.split()[1].partition("}")[0] + "}", {})


def spoken(answer):
    """What an answer says, but for whose request it was."""
    said = answer.json()
    said.pop("request_id")
    return answer.status_code, said


@pytest.mark.parametrize("line", ROWS)
def test_a_route_answers_everyone_as_the_table_says(scene, line):
    found = {}
    for actor, status in ROWS[line].items():
        answer = scene.ask(line, actor)
        found[actor] = answer.status_code
        if "{" in line and status in (403, 404) and looked_at(line).get(actor) != 200:
            assert spoken(answer) == spoken(scene.ask(line, actor, MISSING)), f"{actor} learns that it is there"
        if line.startswith("GET"):
            assert scene.ask(line.replace("GET", "HEAD", 1), actor).status_code == status
    assert found == ROWS[line]


# ---- tokens

def statuses(house, header):
    """Of some routes of each kind, asked with this Authorization."""
    client = house.client()
    return {client.ask(method, path, body, headers={"Authorization": header, "If-Match": "*"}).status_code for method, path, body in [
        ("GET", "/me", None), ("GET", "/people", None), ("GET", "/reports/skills", None), ("GET", "/people?format=csv", None),
        ("POST", "/frameworks", {}), ("PATCH", f"/skills/{MISSING}", {}), ("DELETE", "/sessions/current", None)]}


def spoilt(token):
    """What looks like it and is not."""
    for size in {0, 1, 4, len(token) // 2, len(token) - 7, len(token) - 1}:
        yield token[:size]
    for at in range(0, len(token), 7):
        yield token[:at] + chr(ord(token[at]) ^ 1) + token[at + 1:]
    yield from (token + "A", token + token, token + "%00", "A" + token, token.upper(), token.lower(), token[::-1],
                token.replace("sks_", "skt_"), token.replace("skt_", "sks_"), f'"{token}"', token + ",", f"{token}, {token}",
                token + " " + token, token + "\t", "A" * 4000)


@pytest.mark.parametrize("kind", ["hr", "token"])
def test_what_only_looks_like_a_token_opens_nothing(scene, kind):
    token = scene.clients[kind].token
    for wrong in set(spoilt(token)) - {token, token + "\t"}:
        assert statuses(scene.house, f"Bearer {wrong}") == {401}, wrong
    for header in f"Basic {token}", f"Token {token}", token, f"Bearer{token}", f"Bearer: {token}", "Bearer", f"Bearer,{token}":
        assert statuses(scene.house, header) == {401}, header
    client = scene.house.client()
    for headers in {"Cookie": f"token={token}; session={token}; Authorization=Bearer {token}"}, {"X-Auth-Token": token}, \
            {"Proxy-Authorization": f"Bearer {token}"}:
        assert client.ask("GET", "/me", headers=headers).status_code == 401
    for name in "token", "access_token":
        assert client.ask("GET", "/me", params={name: token}).status_code == 401
        assert client.ask("POST", "/frameworks", {name: token}).status_code == 401


ENDS = {
    "a session that was ended": ("session", lambda scene, client: client.delete("/sessions/current")),
    "a session that an admin ended": ("session", lambda scene, client: scene.admin.delete(
        f"/sessions/{client.get('/sessions/current')['id']}")),
    "a session after its time": ("session", lambda scene, client: scene.house.sql(
        "UPDATE session SET expires_at = now() - interval '1 ms' WHERE id = %s", client.get("/me")["session_id"])),
    "a token that was ended": ("token", lambda scene, client: scene.hr.delete(f"/tokens/{client.get('/me')['token_id']}")),
    "a token after its time": ("token", lambda scene, client: scene.house.sql(
        "UPDATE token SET expires_at = now() - interval '1 ms' WHERE id = %s", client.get("/me")["token_id"])),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_has_ended_opens_nothing_again(scene, end):
    kind, finish = ENDS[end]
    client = scene.house.sign_in(HR)
    if kind == "token":
        client = scene.house.client(scene.hr.post("/tokens", {"name": "x", "scopes": ["people:write", "reports:read"]})["token"])
    key = {"Idempotency-Key": f"before the end of {end}".replace(" ", "-")}
    made = client.ask("POST", "/frameworks", {"code": end[:20], "name": "x"}, headers=key)
    assert made.status_code == (403 if kind == "token" else 201)
    finish(scene, client)
    assert statuses(scene.house, f"Bearer {client.token}") == {401}
    assert client.ask("POST", "/frameworks", {"code": end[:20], "name": "x"}, headers=key).status_code == 401


def test_a_session_is_fixed_by_nobody_beforehand(scene):
    """What a client brings along when it signs in is neither taken over nor raised."""
    house, attacker = scene.house, scene.clients["employee"]
    victim = house.client(attacker.token)
    opened = victim.post("/sessions", {"username": HR, "password": house.passwords[HR]}, gives=201)
    assert opened["token"] != attacker.token and not any(name.lower() == "set-cookie" for name in victim.last.headers)
    assert attacker.get("/me")["roles"] == ["employee"] and attacker.get("/me")["session_id"] != opened["id"]
    attacker.get(f"/sessions/{opened['id']}", gives=404)
    for field in "id", "token", "session", "session_id", "roles", "person", "expires_at":
        answer = house.client().ask("POST", "/sessions", {"username": HR, "password": house.passwords[HR], field: attacker.token})
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == f"/{field}"
    again = house.client().expect(201, "POST", "/sessions", {"username": HR, "password": house.passwords[HR]},
                                  headers={"Cookie": f"session={opened['token']}"})
    assert again["token"] != opened["token"] and again["id"] != opened["id"]
    assert house.client().ask("POST", f"/sessions/{opened['id']}", {"answers": []}).status_code == 404


# ---- who exists

def asked_of_directory(log, name):
    """The operations of the connection that looks for the name, and how each ended; None while it is open."""
    link = re.search(rf"conn=(\d+) op=\d+ SRCH .*filter=.*={name}\)", log)
    if link and re.search(rf"conn={link[1]} fd=\d+ closed", log):
        return re.findall(rf"conn={link[1]} op=\d+ (BIND(?= dn=.* method)|SRCH(?= base)|\S* ?RESULT tag=\d+ err=\d+)", log)
    return None


def said_by(gate):
    """Once conversations of before have ended."""
    said = None
    while said != (now := gate.log()):
        said = now
        time.sleep(0.5)
    return said


def sign_in_in_vain(house, name):
    """What is answered, and what is done for it: lines of the gate, operations of the directory, entries of the audit."""
    entries = "SELECT count(*) FROM audit_entry WHERE action = 'session.open' AND outcome = 'denied'"
    said = said_by(house.gate)
    gate, directory, audit = len(said), len(house.slapd.log), house.sql(entries)[0][0]
    answer = house.try_sign_in(name, "a wrong one")
    assert answer.elapsed.total_seconds() >= 0.2, "no sooner than any other"
    asked = wait_for("the directory to be left", lambda: asked_of_directory(house.slapd.log[directory:], name))
    wait_for("the gate to say so", lambda: house.gate.log()[gate:])
    return (spoken(answer), answer.headers.keys(), len(said_by(house.gate)[gate:].splitlines()), sorted(asked),
            house.sql(entries)[0][0] - audit)


def test_a_name_that_nobody_has_costs_what_one_that_somebody_has_does(scene):
    """Whose passwords the directory knows, and for whom PAM is asked in vain in either case."""
    found = {name: sign_in_in_vain(scene.house, name) for name in (EMPLOYEE, STRANGER, "nobody-of-that-name")}
    assert found[EMPLOYEE] == found[STRANGER] == found["nobody-of-that-name"]
    said, _, conversations, asked, entries = found[EMPLOYEE]
    assert (said[0], conversations, entries) == (401, 1, 1)
    assert [word for word in asked if word in ("BIND", "SRCH")] == ["BIND", "BIND", "SRCH"]
    by_pam = scene.house.try_sign_in(ADMIN, "a wrong one")
    assert spoken(by_pam) == said and by_pam.elapsed.total_seconds() >= 0.2


# ---- headers that only a proxy may write

def try_from(house, headers):
    """A sign-in that fails, sent just so, and the address that the audit has of it."""
    link = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    body = json.dumps({"username": "nobody-of-that-name", "password": "x"})
    link.putrequest("POST", "/api/v1/sessions")
    for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]:
        link.putheader(name, value)
    link.endheaders(body.encode())
    answer = link.getresponse()
    assert answer.status == 401
    request = json.loads(answer.read())["request_id"]
    link.close()
    found, = (one for one in house.rescue.get("/audit", action="session.open", outcome="denied")["items"] if one["request_id"] == request)
    return found["address"]


FORGED = [("X-Forwarded-For", "192.0.2.66"), ("Forwarded", "for=192.0.2.66"), ("X-Real-IP", "192.0.2.66"),
          ("X-Client-IP", "192.0.2.66"), ("True-Client-IP", "192.0.2.66"), ("Via", "1.1 192.0.2.66")]


def test_without_a_proxy_no_header_says_where_a_client_is(scene):
    for header in FORGED:
        assert try_from(scene.house, [header]) == "127.0.0.1", header


def test_of_a_proxy_only_what_it_wrote_itself_counts(postgres):
    """It appends to the line that a client sent, or adds a line of its own behind it."""
    with House(None, config={"server": {"trusted_proxy": "127.0.0.1"}}, postgres=postgres) as house:
        told = [("X-Forwarded-For", "198.51.100.7")]
        assert try_from(house, told) == "198.51.100.7"
        for header in FORGED[1:]:
            assert try_from(house, [header]) == "127.0.0.1" and try_from(house, [header, *told]) == "198.51.100.7", header
        assert try_from(house, [("X-Forwarded-For", "192.0.2.66, 198.51.100.7")]) == "198.51.100.7"
        assert try_from(house, [FORGED[0], *told]) == "198.51.100.7"
        assert try_from(house, [FORGED[0], ("X-Forwarded-For", "192.0.2.67,192.0.2.68"), *told]) == "198.51.100.7"
        assert try_from(house, [("X-Forwarded-For", "::ffff:198.51.100.7")]) == "198.51.100.7"
        for nonsense in "", "unknown", "198.51.100.7:80", "1.2.3", "::g", "'; DROP TABLE audit; --", "127.0.0.1]":
            assert try_from(house, [FORGED[0], ("X-Forwarded-For", nonsense)]) == "127.0.0.1", nonsense


def test_headers_change_neither_method_nor_path_nor_links(scene):
    employee = scene.clients["employee"]
    for name in "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override":
        assert employee.ask("POST", "/claims", {"skill": scene.skill(), "level": 1}, headers={name: "DELETE"}).status_code == 201
    for name in "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix":
        assert employee.ask("GET", "/me", headers={name: "/api/v1/audit"}).json()["roles"] == ["employee"]
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    for path in "/me", f"/credentials/{scene.make('own_credential', 'employee', '')}", "/nowhere":
        answer = employee.ask("GET", path, headers=evil)
        assert "evil" not in answer.text + str(answer.headers)
    assert "evil" not in str(employee.ask("POST", "/claims", {"skill": scene.skill(), "level": 1}, headers=evil).headers)
    assert scene.clients["nobody"].ask("GET", "/metrics", headers=dict(FORGED[:1])).status_code == 401


# ---- keys of others

def test_a_key_gives_nobody_the_answer_of_another(scene):
    body = {"name": "mine", "scopes": ["people:read"]}
    made = scene.hr.post("/tokens", body, key="everybodys-key", gives=201)
    for actor in NAMES.keys() - {"hr", "nameless"}:
        other = scene.clients[actor].post("/tokens", body, key="everybodys-key", gives=201)
        assert not {other["id"], other["token"]} & {made["id"], made["token"]}
    for actor, status in ("nobody", 401), ("nameless", 403), ("token", 403):
        scene.clients[actor].post("/tokens", body, key="everybodys-key", gives=status)


# ---- after the roles are lost

def members(house, group):
    link, dn = house.slapd.admin(), f"cn={group},ou=groups,{BASE}"
    return link, dn, link.search_s(dn, ldap.SCOPE_BASE, attrlist=["member"])[0][1]["member"]


def test_who_has_lost_the_roles_is_an_employee_on_every_route(scene):
    """In the sessions that were open before, with the token that was made before, and with a key used before."""
    issued = {"person": AWARDED, "achievement": scene.achievement}
    scene.issuer.post("/credentials", issued, key="while-i-could", gives=201)
    chart = Chart(ROOT / "etc/demo/organisation.ldif")
    for group in GROUPS.values():
        link, dn, _ = members(scene.house, group)
        link.modify_s(dn, [(ldap.MOD_REPLACE, "member", [chart.people["rthornton"].dn.encode()])])
    run = scene.house.sync(None)
    if run["state"] == "needs_approval":
        scene.house.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
    scene.frozen = True
    wrong = []
    for line, row in ROWS.items():
        for actor in (*GROUPS, "token"):
            word = re.search(r"\{(\w*)\}", line)
            if actor == "token" and row["token"] in (401, 403, 404) or word and word[1].startswith("own_"):
                continue
            answer = scene.ask(line, actor).status_code
            there = 409 if line.startswith("POST /api/v1/claims") or line.endswith("/enrolments") else 200 if line == "POST /api/v1/submissions" \
                else 404 if line == "GET /api/v1/pathways/{pathway}/rules/{rule}" else None  # since before
            if answer not in (row["employee"], there):
                wrong.append((line, actor, answer, row["employee"]))
    assert wrong == []
    scene.issuer.post("/credentials", issued, key="while-i-could", gives=403)
