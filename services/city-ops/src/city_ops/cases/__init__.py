"""Cases 城市管理案件: a matter of city management from report to closing.

The programme asks for a digital city-management system (数字化智慧城市管理应用系统). A citizen, a patrol or the hotline
reports; the desk accepts, files and dispatches; a department handles; somebody else verifies; the desk closes
(上报→受理→立案→派遣→处置→核查→结案), each stage on its own working-time
clock, each step in a trail that nobody can rewrite.
"""
