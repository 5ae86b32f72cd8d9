namespace Gsasr.Tensors;

/// <summary>A device or its driver failed; the message names the call and what can be done.</summary>
public class DeviceException : Exception
{
    /// <summary>Creates the exception.</summary>
    public DeviceException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, in words for the user.</param>
    public DeviceException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, in words for the user.</param>
    /// <param name="innerException">The cause.</param>
    public DeviceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
