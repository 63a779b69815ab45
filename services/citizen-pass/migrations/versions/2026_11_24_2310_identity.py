"""The kernel's tables, then identity, messages and privacy."""

from alembic import op

from citykit.migrations import kernel_0001

revision = "2026_11_24_2310_identity"
down_revision = None
branch_labels = None
depends_on = None

IDENTITY = """
CREATE TABLE account (
  subject UUID NOT NULL,
  username TEXT NOT NULL,
  display_name TEXT NOT NULL,
  password_hash TEXT,
  phone_sealed BYTEA,
  email_sealed BYTEA,
  language TEXT NOT NULL,
  person UUID,
  masked_name TEXT,
  verified_at timestamptz,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  CONSTRAINT pk_account PRIMARY KEY (subject),
  CONSTRAINT uq_account_username UNIQUE (username),
  CONSTRAINT uq_account_person UNIQUE (person)
);
CREATE TABLE challenge (
  browser BYTEA NOT NULL,
  purpose TEXT NOT NULL,
  challenge BYTEA NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_challenge PRIMARY KEY (browser, purpose)
);
CREATE TABLE client (
  client_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  owner TEXT NOT NULL,
  auth TEXT NOT NULL,
  secret_hash BYTEA,
  jwks JSONB,
  grant_types JSONB NOT NULL,
  redirect_uris JSONB NOT NULL,
  post_logout_redirect_uris JSONB NOT NULL,
  scopes JSONB NOT NULL,
  first_party BOOLEAN NOT NULL,
  require_pushed BOOLEAN NOT NULL,
  created_at timestamptz NOT NULL,
  suspended_at timestamptz,
  CONSTRAINT pk_client PRIMARY KEY (client_id),
  CONSTRAINT ck_client_every_scope CHECK (first_party OR NOT scopes ? '*')
);
CREATE TABLE client_assertion (
  client_id TEXT NOT NULL,
  jti TEXT NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_client_assertion PRIMARY KEY (client_id, jti)
);
CREATE INDEX ix_client_assertion_expires_at ON client_assertion (expires_at);
CREATE TABLE revoked_token (
  jti TEXT NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_revoked_token PRIMARY KEY (jti)
);
CREATE INDEX ix_revoked_token_expires_at ON revoked_token (expires_at);
CREATE TABLE signing_key (
  kid TEXT NOT NULL,
  public JSONB NOT NULL,
  private_sealed BYTEA NOT NULL,
  state TEXT NOT NULL,
  created_at timestamptz NOT NULL,
  current_since timestamptz,
  retired_at timestamptz,
  CONSTRAINT pk_signing_key PRIMARY KEY (kid)
);
CREATE UNIQUE INDEX uq_signing_key_state ON signing_key (state) WHERE state <> 'retired';
CREATE TABLE staff_appointment (
  appointment_id UUID NOT NULL,
  subject UUID NOT NULL,
  department_code TEXT NOT NULL,
  department_name TEXT NOT NULL,
  post_code TEXT NOT NULL,
  post_name TEXT NOT NULL,
  scopes JSONB NOT NULL,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz,
  ended_at timestamptz,
  CONSTRAINT pk_staff_appointment PRIMARY KEY (appointment_id)
);
CREATE INDEX ix_staff_appointment_subject ON staff_appointment (subject);
CREATE TABLE throttle (
  key BYTEA NOT NULL,
  failures SMALLINT NOT NULL,
  last_failure timestamptz NOT NULL,
  blocked_until timestamptz,
  CONSTRAINT pk_throttle PRIMARY KEY (key)
);
CREATE INDEX ix_throttle_last_failure ON throttle (last_failure);
CREATE TABLE authorization_request (
  handle_hash BYTEA NOT NULL,
  client_id TEXT NOT NULL,
  parameters JSONB NOT NULL,
  pushed BOOLEAN NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_authorization_request PRIMARY KEY (handle_hash),
  CONSTRAINT fk_authorization_request_client_id_client FOREIGN KEY(client_id) REFERENCES client (client_id)
);
CREATE INDEX ix_authorization_request_expires_at ON authorization_request (expires_at);
CREATE TABLE consent (
  subject UUID NOT NULL,
  client_id TEXT NOT NULL,
  scopes JSONB NOT NULL,
  granted_at timestamptz NOT NULL,
  CONSTRAINT pk_consent PRIMARY KEY (subject, client_id),
  CONSTRAINT fk_consent_subject_account FOREIGN KEY(subject) REFERENCES account (subject),
  CONSTRAINT fk_consent_client_id_client FOREIGN KEY(client_id) REFERENCES client (client_id)
);
CREATE TABLE login_session (
  id UUID NOT NULL,
  token_hash BYTEA NOT NULL,
  subject UUID NOT NULL,
  amr JSONB NOT NULL,
  auth_time timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  device TEXT NOT NULL,
  CONSTRAINT pk_login_session PRIMARY KEY (id),
  CONSTRAINT uq_login_session_token_hash UNIQUE (token_hash),
  CONSTRAINT fk_login_session_subject_account FOREIGN KEY(subject) REFERENCES account (subject)
);
CREATE INDEX ix_login_session_subject ON login_session (subject);
CREATE TABLE passkey (
  id UUID NOT NULL,
  subject UUID NOT NULL,
  credential_id BYTEA NOT NULL,
  public_key BYTEA NOT NULL,
  sign_count BIGINT NOT NULL,
  name TEXT NOT NULL,
  backed_up BOOLEAN NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT pk_passkey PRIMARY KEY (id),
  CONSTRAINT fk_passkey_subject_account FOREIGN KEY(subject) REFERENCES account (subject),
  CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id)
);
CREATE INDEX ix_passkey_subject ON passkey (subject);
CREATE TABLE token_family (
  id UUID NOT NULL,
  subject UUID NOT NULL,
  client_id TEXT NOT NULL,
  session_id UUID NOT NULL,
  scopes JSONB NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_because TEXT,
  CONSTRAINT pk_token_family PRIMARY KEY (id),
  CONSTRAINT fk_token_family_subject_account FOREIGN KEY(subject) REFERENCES account (subject),
  CONSTRAINT fk_token_family_client_id_client FOREIGN KEY(client_id) REFERENCES client (client_id),
  CONSTRAINT fk_token_family_session_id_login_session FOREIGN KEY(session_id) REFERENCES login_session (id)
);
CREATE INDEX ix_token_family_session_id ON token_family (session_id);
CREATE INDEX ix_token_family_subject ON token_family (subject);
CREATE TABLE authorization_code (
  code_hash BYTEA NOT NULL,
  client_id TEXT NOT NULL,
  family_id UUID NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  nonce TEXT,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT pk_authorization_code PRIMARY KEY (code_hash),
  CONSTRAINT fk_authorization_code_client_id_client FOREIGN KEY(client_id) REFERENCES client (client_id),
  CONSTRAINT fk_authorization_code_family_id_token_family FOREIGN KEY(family_id) REFERENCES token_family (id)
);
CREATE INDEX ix_authorization_code_expires_at ON authorization_code (expires_at);
CREATE TABLE refresh_token (
  token_hash BYTEA NOT NULL,
  family_id UUID NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT pk_refresh_token PRIMARY KEY (token_hash),
  CONSTRAINT fk_refresh_token_family_id_token_family FOREIGN KEY(family_id) REFERENCES token_family (id)
);
CREATE INDEX ix_refresh_token_expires_at ON refresh_token (expires_at);
CREATE INDEX ix_refresh_token_family_id ON refresh_token (family_id);
"""

MESSAGES = """
CREATE TABLE message (
  id UUID NOT NULL,
  subject UUID NOT NULL,
  reference TEXT NOT NULL,
  kind TEXT NOT NULL,
  template_version SMALLINT NOT NULL,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  body_zh TEXT NOT NULL,
  body_en TEXT NOT NULL,
  link TEXT,
  created_at timestamptz NOT NULL,
  read_at timestamptz,
  CONSTRAINT pk_message PRIMARY KEY (id),
  CONSTRAINT uq_message_subject_reference UNIQUE (subject, reference)
);
CREATE INDEX ix_message_subject_id ON message (subject, id);
CREATE INDEX ix_message_unread ON message (subject) WHERE read_at IS NULL;
CREATE TABLE message_preference (
  subject UUID NOT NULL,
  email BOOLEAN NOT NULL,
  sms BOOLEAN NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_message_preference PRIMARY KEY (subject)
);
CREATE TABLE delivery (
  message_id UUID NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  updated_at timestamptz NOT NULL,
  fault TEXT,
  CONSTRAINT pk_delivery PRIMARY KEY (message_id, channel),
  CONSTRAINT fk_delivery_message_id_message FOREIGN KEY(message_id) REFERENCES message (id)
);
"""

PRIVACY = """
CREATE TABLE question (
  id UUID NOT NULL,
  subject UUID NOT NULL,
  service TEXT NOT NULL,
  usage_id UUID NOT NULL,
  usage JSONB NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  answer TEXT,
  answered_at timestamptz,
  answered_by TEXT,
  CONSTRAINT pk_question PRIMARY KEY (id),
  CONSTRAINT uq_question_subject_service_usage_id UNIQUE (subject, service, usage_id)
);
CREATE INDEX ix_question_due_at_id ON question (due_at, id);
CREATE INDEX ix_question_subject_id ON question (subject, id);
"""


def upgrade() -> None:
    """Make an empty schema ready for this service."""
    kernel_0001()
    for script in (IDENTITY, MESSAGES, PRIVACY):
        op.execute(script)


def downgrade() -> None:
    """Nothing lies before the first revision."""
    raise NotImplementedError("an empty schema is made by dropping it")
