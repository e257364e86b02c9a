export const caseWords = {
  saved: {
    saved: '已保存',
    saving: '正在保存',
    waiting: (n: number) => `离线 · ${n} 项改动待保存`,
    offline: '离线',
    offlineText: '连接已断开。查看、测量和标注照常可用，恢复连接后自动保存。',
    connecting: '正在连接',
    readOnly: '只读',
    refused: '无法保存：登录已失效或没有权限。',
  },
};
