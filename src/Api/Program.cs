using LoraDrop.Api;
using LoraDrop.Hosting;

return await HostProgram.MainAsync(args, "LoraDrop.Api", ApiHost.RunAsync);
