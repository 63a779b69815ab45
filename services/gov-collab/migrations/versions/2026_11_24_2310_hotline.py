"""The kernel's tables; matters, organisations, the hotline and duty notices."""

from alembic import op

from citykit.migrations import kernel_0001

revision = "2026_11_24_2310_hotline"
down_revision = None
branch_labels = None
depends_on = None

# A range over text lets an exclusion constraint compare names for equality (both ends the same) without the
# extension btree_gist, which a service's role may not install.
MATTERS_AND_ORGANISATIONS = """
create type coderange as range (subtype = text);

create table matter (
  code varchar(64) constraint pk_matter primary key,
  parent_code varchar(64) constraint fk_matter_parent_code_matter references matter,
  name varchar(200) not null,
  name_en varchar(200) not null,
  keywords text[] not null,
  handled_as varchar(16) not null constraint ck_matter_handled_as check (handled_as in ('ticket', 'city-case')),
  sort_order integer not null,
  active boolean not null
);
create index ix_matter_sort_order_code on matter (sort_order, code);

create table department (
  code varchar(18) constraint pk_department primary key,
  name varchar(200) not null,
  short_name varchar(200) not null,
  parent_code varchar(18) constraint fk_department_parent_code_department references department,
  division_code varchar(12) not null,
  phone varchar(32),
  sort_order integer not null,
  valid_from date not null,
  valid_to date,
  constraint ck_department_valid check (valid_to > valid_from)
);
create index ix_department_sort_order_code on department (sort_order, code);
create index ix_department_parent_code on department (parent_code);

create table post (
  department_code varchar(18) not null constraint fk_post_department_code_department references department,
  code varchar(64) not null,
  name varchar(200) not null,
  scopes text[] not null,
  constraint pk_post primary key (department_code, code)
);

create table appointment (
  id uuid constraint pk_appointment primary key,
  subject uuid not null,
  department_code varchar(18) not null,
  post_code varchar(64) not null,
  valid_from date not null,
  valid_to date,
  made_at timestamptz not null,
  announced_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  constraint fk_appointment_department_code_post_code_post
    foreign key (department_code, post_code) references post,
  constraint ck_appointment_valid check (valid_to > valid_from),
  constraint ex_appointment_once exclude using gist (
    coderange(subject::text || '/' || department_code || '/' || post_code,
              subject::text || '/' || department_code || '/' || post_code, '[]') with &&,
    daterange(valid_from, valid_to) with &&
  ) where (ended_at is null)
);
create index ix_appointment_subject on appointment (subject);
create index ix_appointment_department_code on appointment (department_code, id);

create table responsibility (
  id uuid constraint pk_responsibility primary key,
  matter_code varchar(64) not null constraint fk_responsibility_matter_code_matter references matter,
  area_code varchar(12) not null,
  department_code varchar(18) not null constraint fk_responsibility_department_code_department references department,
  role varchar(16) not null constraint ck_responsibility_role check (role in ('lead', 'co', 'supervise')),
  legal_basis text not null,
  valid_from date not null,
  valid_to date,
  priority integer not null,
  made_at timestamptz not null,
  constraint ck_responsibility_valid check (valid_to >= valid_from),
  constraint ex_responsibility_one_lead exclude using gist (
    coderange(matter_code || '@' || area_code, matter_code || '@' || area_code, '[]') with &&,
    daterange(valid_from, valid_to) with &&
  ) where (role = 'lead')
);
create index ix_responsibility_matter_code_area_code on responsibility (matter_code, area_code);
create index ix_responsibility_department_code on responsibility (department_code);
"""

HOTLINE = """
create sequence ticket_number;

create table ticket (
  id uuid constraint pk_ticket primary key,
  number varchar(40) not null constraint uq_ticket_number unique,
  line varchar(8) not null,
  channel varchar(8) not null,
  citizen uuid,
  taken_by text,
  taken_at timestamptz not null,
  title text not null,
  text text not null,
  nature varchar(16),
  matter_code varchar(64) constraint fk_ticket_matter_code_matter references matter,
  handled_as varchar(16) not null,
  urgent boolean not null,
  division_code varchar(12),
  longitude double precision,
  latitude double precision,
  address text,
  state varchar(16) not null constraint ck_ticket_state check (state in
    ('taken', 'assigned', 'accepted', 'contested', 'answered', 'closed', 'refused')),
  round integer not null,
  reopenings integer not null,
  returns integer not null,
  calls_missed integer not null,
  department_code varchar(18) constraint fk_ticket_department_code_department references department,
  department_name varchar(200),
  assigned_at timestamptz,
  sign_due_at timestamptz,
  due_at timestamptz,
  case_id uuid,
  answer text,
  answered_at timestamptz,
  satisfaction integer constraint ck_ticket_satisfaction check (satisfaction between 1 and 5),
  closed_at timestamptz,
  contact_name bytea,
  contact_phone bytea,
  contact_phone_index bytea,
  contact_name_masked text,
  contact_phone_masked text,
  search tsvector not null,
  constraint ck_ticket_in_a_hand check (
    (state in ('assigned', 'accepted', 'contested')) <= (department_code is not null and due_at is not null))
);
create index ix_ticket_taken_at_id on ticket (taken_at desc, id desc);
create index ix_ticket_department_code_taken_at_id on ticket (department_code, taken_at desc, id desc);
create index ix_ticket_citizen_taken_at_id on ticket (citizen, taken_at desc, id desc);
create index ix_ticket_contact_phone_index on ticket (contact_phone_index);
create index ix_ticket_due_at_open on ticket (due_at)
  where state in ('taken', 'assigned', 'accepted', 'contested');
create index ix_ticket_search on ticket using gin (search);

create table ticket_trail (
  id uuid constraint pk_ticket_trail primary key,
  ticket_id uuid not null constraint fk_ticket_trail_ticket_id_ticket references ticket,
  at timestamptz not null,
  act varchar(24) not null,
  public boolean not null,
  actor text not null,
  department_name varchar(200),
  note text,
  data jsonb not null
);
create index ix_ticket_trail_ticket_id_at_id on ticket_trail (ticket_id, at, id);

create table ticket_assignment (
  id uuid constraint pk_ticket_assignment primary key,
  ticket_id uuid not null constraint fk_ticket_assignment_ticket_id_ticket references ticket,
  round integer not null,
  department_code varchar(18) not null
    constraint fk_ticket_assignment_department_code_department references department,
  department_name varchar(200) not null,
  responsibility_id uuid constraint fk_ticket_assignment_responsibility_id_responsibility references responsibility,
  legal_basis text,
  reason text,
  assigned_by text not null,
  assigned_at timestamptz not null,
  constraint uq_ticket_assignment_ticket_id_round unique (ticket_id, round)
);

create table ticket_case (
  case_id uuid constraint pk_ticket_case primary key,
  ticket_id uuid not null constraint fk_ticket_case_ticket_id_ticket references ticket,
  number varchar(100) not null,
  reported boolean not null,
  state varchar(64),
  state_at timestamptz,
  outcome varchar(16)
);
create index ix_ticket_case_ticket_id on ticket_case (ticket_id);

create table ticket_term (
  stage varchar(16) not null,
  nature varchar(16) not null,
  urgent boolean not null,
  working_days integer not null constraint ck_ticket_term_working_days check (working_days between 0 and 200),
  source text not null,
  constraint pk_ticket_term primary key (stage, nature, urgent)
);
"""

DUTIES = """
create table duty_notice (
  order_id uuid constraint pk_duty_notice primary key,
  number varchar(100) not null,
  department_code varchar(18) not null,
  station_code varchar(40) not null,
  aqi integer not null,
  primary_pollutants text[] not null,
  observed_at timestamptz not null,
  raised_at timestamptz not null,
  read_at timestamptz,
  read_by text
);
create index ix_duty_notice_department_code_raised_at on duty_notice (department_code, raised_at desc, order_id desc);
"""


def upgrade() -> None:
    kernel_0001()
    op.execute(MATTERS_AND_ORGANISATIONS)
    op.execute(HOTLINE)
    op.execute(DUTIES)
