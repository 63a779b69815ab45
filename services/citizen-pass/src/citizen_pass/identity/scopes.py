"""The city's scopes in words: what a person reads before she consents."""

from sqlalchemy.ext.asyncio import AsyncSession

from citizen_pass.identity import repository

Bilingual = tuple[str, str]

WORDS: dict[str, Bilingual] = {
    "openid": ("确认您的城市通账户", "Know your city account"),
    "profile": ("读取您的显示名称和用户名", "Read your display name and user name"),
    "offline_access": (
        "在您离开后继续保持登录，直到您撤销",
        "Stay signed in while you are away, until you withdraw it",
    ),
    "gov-collab.hotline.submit": (
        "以您的名义提交热线诉求并查看进度",
        "Send hotline messages for you and see their progress",
    ),
    "gov-collab.hotline.operate": ("受理、派单和回访热线工单", "Take, assign and call back hotline tickets"),
    "gov-collab.hotline.handle": ("办理派给本部门的热线工单", "Handle the hotline tickets of your department"),
    "gov-collab.organisations.read": ("读取机构、岗位和职责清单", "Read organisations, posts and responsibilities"),
    "gov-collab.organisations.maintain": ("维护机构、岗位和任职", "Maintain organisations, posts and appointments"),
    "gov-collab.audit.read": ("读取政务协同审计记录", "Read the audit trail of government collaboration"),
    "city-ops.cases.report": (
        "以您的名义上报城市管理问题并查看进度",
        "Report city problems for you and see their progress",
    ),
    "city-ops.cases.read": ("读取城市管理案件", "Read city-management cases"),
    "city-ops.cases.accept": ("受理、立案城市管理案件", "Accept and file city-management cases"),
    "city-ops.cases.dispatch": ("派遣城市管理案件", "Dispatch city-management cases"),
    "city-ops.cases.handle": ("处置派给本部门的案件", "Handle the cases of your department"),
    "city-ops.cases.verify": ("核查案件处置结果", "Verify how cases were handled"),
    "city-ops.environment.report": ("上报环境监测数据", "Report environmental observations"),
    "city-ops.environment.read": ("读取环境交办单", "Read environmental orders"),
    "city-ops.environment.handle": ("办理环境即时交办单", "Handle environmental orders"),
    "city-ops.audit.read": ("读取城市运行审计记录", "Read the audit trail of city operations"),
    "enterprise.firms.bind": ("绑定您担任法定代表人的企业", "Bind firms that you legally represent"),
    "enterprise.requests.submit": ("以企业名义提交诉求并查看进度", "Send requests of your firm and see their progress"),
    "enterprise.requests.answer": ("办理派给本部门的企业诉求", "Answer the requests assigned to your department"),
    "enterprise.requests.supervise": ("督办企业诉求", "Supervise the requests of firms"),
    "enterprise.audit.read": ("读取企业服务审计记录", "Read the audit trail of enterprise services"),
    "data-hub.population.read": ("按用途读取人口库的脱敏信息", "Read masked records of persons for a stated purpose"),
    "data-hub.registries.read": ("读取法人库", "Read the registry of legal entities"),
    "data-hub.registries.dispute": ("对基础库数据提出校核", "Dispute values of the registries"),
    "data-hub.registries.decide": ("处理本部门的数据冲突与校核", "Decide conflicts and disputes of your department"),
    "data-hub.registries.supervise": ("督办基础库校核，维护数源清单", "Supervise corrections and the list of sources"),
    "data-hub.registries.disclose": (
        "按用途读取基础库的完整信息",
        "Read complete registry records for a stated purpose",
    ),
    "data-hub.registries.maintain": ("维护基础库记录", "Maintain registry records"),
    "data-hub.sharing.apply": ("申请和使用共享数据", "Apply for shared data and use what was granted"),
    "data-hub.sharing.decide": ("审批本部门数据的共享申请", "Decide on applications for your department's data"),
    "data-hub.sharing.operate": ("统筹数据共享、协调争议", "Run data sharing and mediate disputes"),
    "data-hub.sharing.audit": ("核查数据共享存证", "Audit the evidence of data sharing"),
    "data-hub.licences.hold": ("查看、出示和授权使用您的电子证照", "See and show your licences, let others use them"),
    "data-hub.licences.maintain": ("维护证照类型", "Maintain licence types"),
    "data-hub.licences.issue": ("签发和管理本部门的电子证照", "Issue and manage the licences of your department"),
    "data-hub.licences.use": ("经持证人授权使用电子证照", "Use licences by their holders' leave"),
    "data-hub.licences.read": ("查验证照状态", "Check what licences are worth"),
    "data-hub.audit.read": ("读取大数据中心审计记录", "Read the audit trail of the data hub"),
    "citizen-pass.messages.read": ("读取您的消息并标记已读", "Read your messages and mark them as read"),
    "citizen-pass.privacy.read": ("查看谁看过您的数据", "See who read your data"),
    "citizen-pass.privacy.review": ("答复对数据访问的质疑", "Answer questions about accesses to data"),
    "citizen-pass.account.read": ("读取您的账户信息", "Read your account"),
    "citizen-pass.accounts.maintain": ("查找和停用账户", "Find and close accounts"),
    "citizen-pass.clients.maintain": ("登记和停用客户端程序", "Register and suspend client programs"),
    "citizen-pass.tokens.introspect": ("查询访问令牌的状态", "Ask for the state of access tokens"),
    "citizen-pass.audit.read": ("读取城市通审计记录", "Read the audit trail of citizen-pass"),
}


def words(scope: str) -> Bilingual:
    """What `scope` lets a program do, in Chinese and in English."""
    return WORDS.get(scope, (f"按您的岗位权限使用 {scope}", f"Use {scope} with the rights of your post"))


async def is_known(session: AsyncSession, scope: str) -> bool:
    """Whether the city has this scope: written above, or carried by a post."""
    return scope in WORDS or await repository.scope_is_known(session, scope)
